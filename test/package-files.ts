/** The contents of the package, and the links of its pages and its package.json. */
import { readFileSync, readdirSync } from 'node:fs'
import { dirname, join } from 'node:path'

/** The files of a folder, at any depth and without its `node_modules`. */
export function packedFiles (folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).filter(({ name }) => name !== 'node_modules').flatMap(entry =>
    entry.isDirectory() ? packedFiles(join(folder, entry.name)).map(file => `${entry.name}/${file}`) : [entry.name])
}

/** The declaration files of a package, except those of tests. */
export function declarationFiles (folder: string): string[] {
  return packedFiles(join(folder, 'dist')).filter(file => /^(?!test\/).*\.d\.ts$/.test(file))
    .map(file => `dist/${file}`)
}

/** The modules of a package that can be imported, such as `sluice/npy`. */
export function exportedModules (folder: string): string[] {
  const { name, exports } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Exports
  return Object.entries(exports).filter(([, path]) => path.endsWith('.js')).map(([path]) => path.replace('.', name))
}

interface Exports {
  readonly name: string
  readonly exports: Readonly<Record<string, string>>
}

/**
 * Broken references in a list of files: links of its pages, and examples and manifests named in the README, whose
 * target isn't in the list.
 */
export function missingLinks (folder: string, files: readonly string[]): string[] {
  const there = new Set(files)
  return files.filter(file => file.endsWith('.md')).flatMap(page => {
    const text = readFileSync(join(folder, page), 'utf8')
    const links = [...text.matchAll(/\]\((?![a-z]+:|#)([^)#\s]+)/g)].map(([, link]) => join(dirname(page), link!))
    const named = page === 'README.md'
      ? [...text.matchAll(/(?<![\w/.])(?:examples|recipes)\/[\w-]+\.\w+/g)].map(([name]) => name)
      : []
    return [...links, ...named].filter(name => !there.has(name)).map(name => `${page}: ${name}`)
  })
}

interface Dependencies {
  readonly dependencies: Readonly<Record<string, string>>
  readonly optionalDependencies: Readonly<Record<string, string>>
}

/** The dependencies in package.json: each package with its version or range. */
export function dependenciesOf (folder: string): Record<string, string> {
  const content = readFileSync(join(folder, 'package.json'), 'utf8')
  const { dependencies, optionalDependencies } = JSON.parse(content) as Dependencies
  return { ...dependencies, ...optionalDependencies }
}

/** The dependencies with an exact version. */
export function pinnedVersions (folder: string): Record<string, string> {
  return Object.fromEntries(Object.entries(dependenciesOf(folder)).filter(([, version]) =>
    /^\d+\.\d+\.\d+$/.test(version)))
}
