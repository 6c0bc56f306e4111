/** `tap` as CommonJS: each file of tests loads its 200 modules, which takes a tenth of a second less than as ES modules. */
import { createRequire } from 'node:module'
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
require.cache[domains] = { ...loaded(domains), exports: { Domain: NoDomain } }

function loaded (id: string): NodeJS.Module {
  return { id, filename: id, path: id, loaded: true, children: [], paths: [], exports: {}, parent: null, isPreloading: false, require }
}

export const { t } = require('tap') as typeof import('tap')
