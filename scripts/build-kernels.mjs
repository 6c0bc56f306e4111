// Compiles the AssemblyScript of each folder of lib/kernels into dist/lib/kernels.
import { execFileSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'

const KERNELS = 'lib/kernels'
const asc = join(dirname(createRequire(import.meta.url).resolve('assemblyscript/package.json')), 'bin/asc.js')

for (const entry of readdirSync(KERNELS, { withFileTypes: true })) {
  if (!entry.isDirectory()) continue
  const output = `dist/${KERNELS}/${entry.name}.wasm`
  const args = [`${KERNELS}/${entry.name}/index.ts`, '--config', `${KERNELS}/asconfig.json`, '--outFile', output]
  execFileSync(process.execPath, [asc, ...args], { stdio: 'inherit' })
}
