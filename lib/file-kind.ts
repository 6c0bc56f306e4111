import { SluiceError } from './errors.ts'

/** A kind of file that is no text, by the bytes that it begins with. */
interface Kind {
  readonly magic: Buffer
  readonly is: string
  /** The program that decompresses it to standard output. */
  readonly pipe?: string
  /** The ending by which sluice decompresses it. */
  readonly ending?: string
  readonly advice?: string
}

const magic = (hex: string): Buffer => Buffer.from(hex, 'hex')
const GZIP = magic('1f8b')
const TO_UTF8 = 'convert it to UTF-8, for example with iconv'

/** UTF-32 stands before UTF-16, whose byte order mark its own begins with. bzip2 has ten bytes: the first four are letters. */
const KINDS: readonly Kind[] = [
  { magic: GZIP, is: 'gzip data', pipe: 'gzip -dc', ending: '.gz' },
  { magic: magic('28b52ffd'), is: 'zstd data', pipe: 'zstd -dc', ending: '.zst' },
  ...Array.from({ length: 16 }, (_, i): Kind => ({ magic: magic(`5${i.toString(16)}2a4d18`), is: 'zstd data', pipe: 'zstd -dc', ending: '.zst' })), // a frame to skip
  { magic: magic('fd377a585a00'), is: 'xz data', pipe: 'xz -dc' },
  ...Array.from({ length: 9 }, (_, i): Kind => ({ magic: Buffer.from(`BZh${i + 1}1AY&SY`), is: 'bzip2 data', pipe: 'bzip2 -dc' })),
  { magic: magic('504b0304'), is: 'a zip archive', advice: 'unpack it first' },
  { magic: magic('504b0506'), is: 'an empty zip archive', advice: 'give another file' },
  { magic: magic('5041523115'), is: 'a parquet file', advice: 'read it with --dataset parquet (dataset: parquet)' },
  { magic: magic('fffe0000'), is: 'UTF-32', advice: TO_UTF8 },
  { magic: magic('0000feff'), is: 'UTF-32', advice: TO_UTF8 },
  { magic: magic('fffe'), is: 'UTF-16', advice: TO_UTF8 },
  { magic: magic('feff'), is: 'UTF-16', advice: TO_UTF8 }
]

/**
 * Passes text on, and refuses what its first bytes show to be something else: compressed data, parquet, UTF-16 or UTF-32
 * with a byte order mark. Chunks may be cut anywhere.
 *
 * @param name for messages: a path, or `-` for standard input
 * @throws SluiceError `ERR_SOURCE` with what it is, and what to do
 */
export function refuseOtherKinds (chunks: AsyncIterable<Uint8Array>, name: string): AsyncGenerator<Buffer> {
  return withFirstBytes(chunks, couldBeMore, head => {
    const kind = KINDS.find(({ magic }) => magic.equals(head.subarray(0, magic.length)))
    if (kind !== undefined) throw new SluiceError('ERR_SOURCE', `${name}: ${whatToDo(kind, name)}`)
  })
}

/** Passes on what begins as gzip data does, and what is too short to tell. @throws SluiceError `ERR_SOURCE` for all else */
export function expectGzip (chunks: AsyncIterable<Uint8Array>, name: string): AsyncGenerator<Buffer> {
  return withFirstBytes(chunks, head => head.length < GZIP.length, head => {
    if (!GZIP.subarray(0, head.length).equals(head.subarray(0, GZIP.length))) throw new SluiceError('ERR_SOURCE', `${name}: is not gzip data, which its ending promises; give it another name`)
  })
}

/** Holds the first bytes back until there are enough of them to judge, no longer: somebody may be typing them. */
async function * withFirstBytes (chunks: AsyncIterable<Uint8Array>, needsMore: (head: Buffer) => boolean, judge: (head: Buffer) => void): AsyncGenerator<Buffer> {
  let head: Buffer | null = Buffer.alloc(0)
  for await (const piece of chunks) {
    const chunk = Buffer.from(piece.buffer, piece.byteOffset, piece.byteLength)
    if (head === null) {
      yield chunk
      continue
    }
    head = head.length === 0 ? chunk : Buffer.concat([head, chunk])
    if (needsMore(head)) continue
    judge(head)
    yield head
    head = null
  }
  if (head === null || head.length === 0) return
  judge(head)
  yield head
}

function couldBeMore (head: Buffer): boolean {
  return KINDS.some(({ magic }) => head.length < magic.length && magic.subarray(0, head.length).equals(head))
}

function whatToDo ({ is, pipe, ending, advice }: Kind, name: string): string {
  if (advice !== undefined) return `is ${is}; ${advice}`
  if (name === '-') return `is ${is}; pipe it through ${pipe}`
  if (/\.(gz|zst)$/.test(name)) return `is ${is} again once it is decompressed; decompress it once by hand`
  return ending === undefined ? `is ${is}; decompress it first, with ${pipe}` : `is ${is}; give it a name that ends in ${ending}`
}
