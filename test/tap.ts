/** `tap` as CommonJS: each test file loads its 200 modules, which takes a tenth of a second less than as ES modules. */
import { Module, createRequire } from 'node:module'
import type { Test } from 'tap'

export type { Test }

const require = createRequire(import.meta.url)

/**
 * With an async hook, tap finds the test that an uncaught error belongs to; asynchronous code then takes up to twice
 * the time. Without the hook, such an error ends the file, with its stack and an exit code that fails it.
 */
class NoDomain {
  destroy (): void {}
}
const domains = createRequire(createRequire(require.resolve('tap')).resolve('@tapjs/core')).resolve('async-hook-domain')
require.cache[domains] = Object.assign(new Module(domains), { exports: { Domain: NoDomain }, loaded: true })

const { t: root } = require('tap') as typeof import('tap')
let current: Test = root

/** The test of the loaded file: the root, or a child of it (`testFile`) if a process runs several files. */
export const t: Test = new Proxy(root, {
  get (_, name) {
    const value: unknown = Reflect.get(current, name, current)
    return typeof value === 'function' ? value.bind(current) as unknown : value
  }
})

const environment = { ...process.env }
let last = ''

/** Restores the environment. @returns the names of the variables that had changed */
function resetEnvironment (): string[] {
  const names = [...new Set([...Object.keys(environment), ...Object.keys(process.env)])]
  const changed = names.filter(name => process.env[name] !== environment[name])
  for (const name of changed) {
    if (environment[name] === undefined) Reflect.deleteProperty(process.env, name)
    else process.env[name] = environment[name]
  }
  return changed
}

/** Runs the tests of a file in a test with its name. It fails if the previous file has changed the environment. */
export async function testFile (name: string, load: () => Promise<unknown>): Promise<void> {
  await root.test(name, async t => {
    current = t
    const changed = resetEnvironment()
    if (changed.length > 0) t.fail(`${last} has changed ${changed.join(', ')}, expected it to set the environment back`)
    last = name
    await load()
  })
}
