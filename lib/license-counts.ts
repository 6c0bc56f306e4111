export function licenseColumns (columns: readonly string[]): { readonly license: string | null, readonly repository: string | null } {
  return { license: columns.find(name => name === 'license') ?? null, repository: null }
}
