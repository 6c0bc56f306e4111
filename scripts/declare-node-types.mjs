// Each declaration file of the package names Node's types. Since TypeScript 6 a program has only the `types` that it lists,
// and pnpm doesn't lay those of a dependency where TypeScript looks by itself; the compiler leaves the reference out.
import { readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const REFERENCE = '/// <reference types="node" />\n'

for (const folder of ['lib', 'sources', 'transforms', 'sinks', 'recipes']) {
  for (const name of readdirSync(join('dist', folder), { recursive: true, encoding: 'utf8' })) {
    if (!name.endsWith('.d.ts')) continue
    const path = join('dist', folder, name)
    const declarations = readFileSync(path, 'utf8')
    if (!declarations.startsWith('#!') && !declarations.startsWith(REFERENCE)) writeFileSync(path, REFERENCE + declarations)
  }
}
