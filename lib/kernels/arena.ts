/** Memory that threads share: a `WebAssembly.Memory`, or a SharedArrayBuffer if that isn't available. */
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

/** Pages that 32-bit wasm can address. */
const MAX_PAGES = 2 ** 16

/** A model of at most this many bytes leaves memory for the tables of several threads. */
const MAX_WASM_BYTES = 3.5 * 2 ** 30

/** Padding, so that 16 bytes can be read wherever four can. */
const SLACK = 16

/** Memory that grows at its end, for the immutable parts of a model. */
export class Arena {
  readonly memory: SharedMemory
  #used = 64 // the address 0 means "none"

  /** @param bytes approximate size; if wasm can't address this many, the memory is a SharedArrayBuffer of that size */
  constructor (bytes: number) {
    const growing = bytes <= MAX_WASM_BYTES ? wasmMemory() : undefined
    this.memory = growing ?? { buffer: new SharedArrayBuffer(bytes) }
  }

  /**
   * Allocates bytes, which are set to 0.
   *
   * @returns their address, a multiple of 64
   * @throws RangeError when there isn't enough memory
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
    return new WebAssembly.Memory({ initial: 1, maximum: MAX_PAGES, shared: true })
  } catch {
    return undefined // no address space, or no wasm
  }
}
