/** A part of a value that may have mistakes elsewhere. Mistakes in the part are reported anyway. */
export function partOf (given: unknown, key: string): unknown {
  return typeof given === 'object' && given !== null ? (given as Record<string, unknown>)[key] : undefined
}

/** A list that may have mistakes elsewhere. */
export function listOf (given: unknown): unknown[] {
  return Array.isArray(given) ? given : []
}
