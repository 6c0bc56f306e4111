/** `tap` as CommonJS: each file of tests loads its 200 modules, which takes a tenth of a second less than as ES modules. */
import { Module, createRequire } from 'node:module'
import type { Test } from 'tap'

export type { Test }

const require = createRequire(import.meta.url)

/**
 * tap finds by an async hook which test an error belongs to that nothing catches; all that is asynchronous then takes up to
 * twice the time. Without it, such an error ends the file, with its stack and an exit code that fails it.
 */
class NoDomain {
  destroy (): void {}
}
const domains = createRequire(createRequire(require.resolve('tap')).resolve('@tapjs/core')).resolve('async-hook-domain')
require.cache[domains] = Object.assign(new Module(domains), { exports: { Domain: NoDomain }, loaded: true })

export const { t } = require('tap') as typeof import('tap')
