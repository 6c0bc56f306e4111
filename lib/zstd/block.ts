import { ZstdDamage } from './damage.ts'
import { type FrameHeader, MAX_BLOCK_BYTES } from './frame-header.ts'
import { LiteralsDecoder } from './literals.ts'
import { SequencesDecoder } from './sequences.ts'
import { Window } from './window.ts'

/** The header of a block (RFC 8878, 3.1.1.2). */
export interface BlockHeader {
  readonly isLast: boolean
  readonly kind: 'raw' | 'repeated' | 'compressed'
  /** The decompressed size of a block that repeats one byte; the stored size of any other block. */
  readonly size: number
  /** Bytes of the block after its header. */
  readonly blockBytes: number
}

export const BLOCK_HEADER_BYTES = 3

const KINDS = ['raw', 'repeated', 'compressed'] as const

export function readBlockHeader (bytes: Buffer): BlockHeader {
  const bits = bytes.readUIntLE(0, BLOCK_HEADER_BYTES)
  const kind = KINDS[(bits >> 1) & 3]
  const size = bits >> 3
  if (kind === undefined) throw new ZstdDamage('a block of a reserved kind')
  if (size > MAX_BLOCK_BYTES) throw new ZstdDamage(`a block of ${size} bytes, at most ${MAX_BLOCK_BYTES} are allowed`)
  return { isLast: (bits & 1) === 1, kind, size, blockBytes: kind === 'repeated' ? 1 : size }
}

/**
 * Decodes the blocks of frames, one after another. A block decodes to at most 128 KiB, and the frame's header bounds
 * the memory.
 */
export class BlockDecoder {
  readonly #window = new Window()
  readonly #literals = new LiteralsDecoder(MAX_BLOCK_BYTES)
  readonly #sequences = new SequencesDecoder()
  readonly #block = new Uint8Array(MAX_BLOCK_BYTES + 4) // 4 more, because bits are read in 32-bit words
  #maxBytes = 0

  startFrame ({ windowBytes, contentBytes }: FrameHeader): void {
    this.#maxBytes = Math.min(windowBytes, MAX_BLOCK_BYTES)
    this.#window.startFrame(Math.min(windowBytes, contentBytes ?? windowBytes), this.#maxBytes)
    this.#literals.startFrame()
    this.#sequences.startFrame()
  }

  /** Starts a frame whose content is read at once with `whole`: it is stored only once, without a separate window. */
  startWhole ({ windowBytes }: FrameHeader, contentBytes: number): void {
    this.#maxBytes = Math.min(windowBytes, MAX_BLOCK_BYTES)
    this.#window.startWhole(contentBytes, this.#maxBytes)
    this.#literals.startFrame()
    this.#sequences.startFrame()
  }

  whole (): Uint8Array {
    return this.#window.whole()
  }

  /** Decodes one block. The result is valid until the next block is decoded. @throws ZstdDamage */
  decode ({ kind, size }: BlockHeader, bytes: Uint8Array): Uint8Array {
    if (size > this.#maxBytes) {
      throw new ZstdDamage(`a block of ${size} bytes in a frame whose blocks have at most ${this.#maxBytes}`)
    }
    const window = this.#window
    window.startBlock(this.#maxBytes)
    if (kind === 'raw') window.append(bytes)
    else if (kind === 'repeated') window.appendRepeated(bytes[0]!, size)
    else this.#decodeCompressed(bytes)
    return window.block()
  }

  #decodeCompressed (bytes: Uint8Array): void {
    this.#block.set(bytes)
    const next = this.#literals.decode(this.#block, bytes.length, this.#maxBytes)
    this.#sequences.decode(
      this.#block,
      next,
      bytes.length,
      this.#literals.bytes.subarray(0, this.#literals.length),
      this.#window
    )
  }
}
