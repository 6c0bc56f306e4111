import { createRequire } from 'node:module'

const require = createRequire(import.meta.url)

/**
 * Loads a module of this folder, with all that it imports, for `import()` to find it. To load hundreds of modules
 * synchronously takes two thirds of the time. Signals that arrive meanwhile are handled before it resolves.
 *
 * @param path such as `./cli.ts`
 */
export async function loadNow (path: string): Promise<void> {
  try {
    require(path.replace(/\.ts$/, '.js'))
  } catch {
    // `import()` reports what is wrong.
  }
  await new Promise(resolve => { setImmediate(resolve) })
}
