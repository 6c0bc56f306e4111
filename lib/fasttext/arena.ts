/** Memory that threads share: a `WebAssembly.Memory`, or where that can't be had a SharedArrayBuffer in its place. */
export interface SharedMemory {
  readonly buffer: ArrayBufferLike
  /** A `WebAssembly.Memory` grows, by pages of 64 KiB. */
  grow?: (pages: number) => number
}

interface MemoryDescriptor {
  readonly initial: number
  readonly maximum: number
  readonly shared: true
}

interface WasmMemories {
  readonly WebAssembly: { readonly Memory: new (descriptor: MemoryDescriptor) => Required<SharedMemory> }
}

export const PAGE_BYTES = 2 ** 16

/** What 32-bit wasm can address. */
const MOST_PAGES = 2 ** 16

/** A model of at most so many bytes leaves room for the tables of several threads. */
const MOST_WASM_BYTES = 3.5 * 2 ** 30

/** So that 16 bytes can be read wherever four can. */
const SLACK = 16

/** Memory that grows at its end: where the immutable parts of a model lie. */
export class Arena {
  readonly memory: SharedMemory
  #used = 64 // an address of 0 stands for nothing

  /**
   * @param bytes that will be asked for, about; more than wasm can address are had as a SharedArrayBuffer of that size
   */
  constructor (bytes: number) {
    const growing = bytes <= MOST_WASM_BYTES ? wasmMemory() : undefined
    this.memory = growing ?? { buffer: new SharedArrayBuffer(bytes) }
  }

  /**
   * Takes so many bytes, which are 0.
   *
   * @returns where they are: a multiple of 64
   * @throws RangeError when there aren't as many
   */
  take (bytes: number): number {
    const at = this.#used
    this.#used = 64 * Math.ceil((at + bytes + SLACK) / 64)
    const missing = this.#used - this.memory.buffer.byteLength
    if (missing > 0) {
      if (this.memory.grow === undefined) throw new RangeError(`${missing} bytes of memory are missing`)
      this.memory.grow(Math.ceil(missing / PAGE_BYTES))
    }
    return at
  }

  bytes (at: number, length: number): Uint8Array {
    return new Uint8Array(this.memory.buffer, at, length)
  }

  int32s (at: number, length: number): Int32Array {
    return new Int32Array(this.memory.buffer, at, length)
  }

  floats (at: number, length: number): Float32Array {
    return new Float32Array(this.memory.buffer, at, length)
  }
}

function wasmMemory (): SharedMemory | undefined {
  try {
    const { WebAssembly } = globalThis as unknown as WasmMemories
    return new WebAssembly.Memory({ initial: 1, maximum: MOST_PAGES, shared: true })
  } catch {
    return undefined // no address space for it, or no wasm
  }
}
