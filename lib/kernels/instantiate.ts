import { readFileSync } from 'node:fs'

interface Wasm {
  readonly WebAssembly: {
    readonly Module: new (bytes: Uint8Array) => object
    readonly Instance: new (module: object, imports: object) => { readonly exports: object }
  }
}

const compiled = new Map<string, object>()

/**
 * Creates an instance of the kernel whose AssemblyScript source is in the folder `name`. It is compiled once per
 * thread.
 *
 * @param memory a shared `WebAssembly.Memory`
 * @returns the exports of its `index.ts`
 * @throws Error where WebAssembly isn't available, or memory is missing
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
