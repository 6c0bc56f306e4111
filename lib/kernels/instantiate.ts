import { readFileSync } from 'node:fs'

interface Wasm {
  readonly WebAssembly: {
    readonly Module: new (bytes: Uint8Array) => object
    readonly Instance: new (module: object, imports: object) => { readonly exports: object }
  }
}

const compiled = new Map<string, object>()

/**
 * An instance of the kernel whose AssemblyScript is in the folder of that name, compiled once a thread.
 *
 * @param memory a `WebAssembly.Memory` that is shared
 * @returns what its `index.ts` exports
 * @throws Error where there is no WebAssembly, or no room
 */
export function instantiate (name: string, memory: object): object {
  const { WebAssembly } = globalThis as unknown as Wasm
  let module = compiled.get(name)
  if (module === undefined) {
    module = new WebAssembly.Module(readFileSync(new URL(`./${name}.wasm`, import.meta.url)))
    compiled.set(name, module)
  }
  return new WebAssembly.Instance(module, { env: { memory }, math: { exp: Math.exp } }).exports
}
