import { SluiceError } from './errors.ts'
import { type Kind, GZIP, HTML, KINDS, NO_TEXT, PAGE, TO_UTF8, isHtml, isLfs } from './known-kinds.ts'

/**
 * Describes a file that isn't text by its first bytes, and what to do: `is an HTML page; …`. Null if its kind is
 * unknown.
 */
export function otherKind (head: Buffer, name: string): string | null {
  const kind = kindOf([...KINDS, ...NO_TEXT, PAGE], head, name)
  return kind === undefined ? null : whatToDo(kind, name)
}

/**
 * Like `otherKind`, for files that don't contain documents, such as models. It leaves out advice about reading
 * documents, and advises to decompress compressed data.
 */
export function mistakenKind (head: Buffer, name: string): string | null {
  const kind = kindOf([...KINDS, ...NO_TEXT], head, name)
  if (kind === undefined) return null
  if (kind.pipe !== undefined) return `is ${kind.is}; decompress it first, with ${kind.pipe}`
  return kind.advice === undefined || kind.isForData === true ? `is ${kind.is}` : `is ${kind.is}; ${kind.advice(name)}`
}

/** The kind of a binary file by its first bytes, such as `a parquet file`. Null if unknown. */
export function kindName (head: Buffer, name: string): string | null {
  const noText = [...KINDS, ...NO_TEXT].filter(({ fits, advice }) => {
    return fits !== isHtml && fits !== isLfs && advice !== TO_UTF8
  })
  return kindOf(noText, head, name)?.is ?? null
}

/**
 * Passes on text, and refuses anything else by its first bytes: compressed data, archives, files of other programs,
 * UTF-16 and UTF-32, Git LFS pointers, and HTML pages whose name doesn't end in `.html`. Chunks may be split anywhere.
 *
 * @param name for messages: a path, or `-` for standard input
 * @throws SluiceError `ERR_SOURCE` with the kind, and what to do
 */
export function refuseOtherKinds (chunks: AsyncIterable<Uint8Array>, name: string): AsyncGenerator<Buffer> {
  return refuse(KINDS, chunks, name)
}

/**
 * Like `refuseOtherKinds`, for kinds that other readers accept, such as Arrow.
 *
 * @param records whether the file should have records, so that HTML is refused whatever its name
 */
export function refuseTables (
  chunks: AsyncIterable<Uint8Array>,
  name: string,
  records: boolean
): AsyncGenerator<Buffer> {
  return refuse(records ? [...NO_TEXT, HTML] : NO_TEXT, chunks, name)
}

function refuse (kinds: readonly Kind[], chunks: AsyncIterable<Uint8Array>, name: string): AsyncGenerator<Buffer> {
  return withFirstBytes(chunks, head => kinds.some(({ fits }) => fits(head) === undefined), head => {
    const kind = kindOf(kinds, head, name)
    if (kind !== undefined) throw new SluiceError('ERR_SOURCE', `${name}: ${whatToDo(kind, name)}`)
  })
}

function kindOf (kinds: readonly Kind[], head: Buffer, name: string): Kind | undefined {
  return kinds.find(({ fits, unless }) => fits(head) === true && unless?.test(name) !== true)
}

/**
 * Passes on gzip data, and data too short to tell.
 *
 * @throws SluiceError `ERR_SOURCE` for anything else
 */
export function expectGzip (chunks: AsyncIterable<Uint8Array>, name: string): AsyncGenerator<Buffer> {
  return withFirstBytes(chunks, head => head.length < GZIP.length, head => {
    if (GZIP.subarray(0, head.length).equals(head.subarray(0, GZIP.length))) return
    const other = kindOf(KINDS, head, name)
    const but = other === undefined ? '' : `, but ${other.is}`
    const advice = other?.advice?.(name) ?? 'give it another name'
    throw new SluiceError('ERR_SOURCE', `${name}: is not gzip data, as its extension says${but}; ${advice}`)
  })
}

/** Buffers the first bytes until there are enough to check, and no longer, as a user may be typing them. */
async function * withFirstBytes (
  chunks: AsyncIterable<Uint8Array>,
  needsMore: (head: Buffer) => boolean,
  check: (head: Buffer) => void
): AsyncGenerator<Buffer> {
  let head: Buffer | null = Buffer.alloc(0)
  for await (const piece of chunks) {
    const chunk = Buffer.from(piece.buffer, piece.byteOffset, piece.byteLength)
    if (head === null) {
      yield chunk
      continue
    }
    head = head.length === 0 ? chunk : Buffer.concat([head, chunk])
    if (needsMore(head)) continue
    check(head)
    yield head
    head = null
  }
  if (head === null || head.length === 0) return
  check(head)
  yield head
}

function whatToDo ({ is, pipe, ending, advice }: Kind, name: string): string {
  const isCompressed = /\.(gz|zst)$/.test(name)
  if (advice !== undefined) return `is ${is}${isCompressed ? ' once it is decompressed' : ''}; ${advice(name)}`
  if (name === '-') return `is ${is}; pipe it through ${pipe}`
  if (ending === undefined && isCompressed) {
    const first = name.endsWith('.gz') ? 'gzip' : 'zstd'
    return `is ${is} once it is decompressed; decompress it by hand, with ${first} -dc | ${pipe}`
  }
  if (isCompressed) return `is ${is} again once it is decompressed; decompress it once by hand`
  return ending === undefined
    ? `is ${is}; decompress it first, with ${pipe}`
    : `is ${is}; give it a name that ends in ${ending}`
}
