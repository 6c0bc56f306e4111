/** What to do with a file. */
type Advice = (name: string) => string

/** A kind of file that isn't text, recognized by its first bytes. */
export interface Kind {
  /** Whether a file with these first bytes is of this kind; undefined if more bytes are needed. */
  readonly fits: (head: Buffer) => boolean | undefined
  readonly is: string
  /** The program that decompresses it to standard output. */
  readonly pipe?: string
  /** The extension of names that sluice decompresses. */
  readonly ending?: string
  readonly advice?: Advice
  /** Whether the advice is only for readers of documents. @default false */
  readonly isForData?: boolean
  /** Names of files that should be of this kind, and are accepted. */
  readonly unless?: RegExp
}

function startsWith (...magics: readonly Buffer[]): Kind['fits'] {
  return head => {
    const near = magics.filter(magic => magic.subarray(0, head.length).equals(head.subarray(0, magic.length)))
    if (near.some(magic => head.length >= magic.length)) return true
    return near.length === 0 ? false : undefined
  }
}

const magic = (hex: string): Buffer => Buffer.from(hex, 'hex')
export const GZIP = magic('1f8b')
export const TO_UTF8 = (): string => 'convert it to UTF-8, for example with iconv'
const forData = (advice: string): Pick<Kind, 'advice' | 'isForData'> => ({ advice: () => advice, isForData: true })
const readAs = (dataset: string): Pick<Kind, 'advice'> =>
  forData(`read it with --dataset ${dataset} (dataset: ${dataset})`)
const toJson = (how: string): Pick<Kind, 'advice'> => forData(`write its texts to NDJSON or parquet first, ${how}`)
const unpack = (program: string, piped?: string): Advice => name => name === '-' && piped !== undefined
  ? `pipe it through ${piped}, or unpack it and give the files in it`
  : `unpack it with ${program} and give the files in it`

const TAR_BLOCK = 512
const TAR_MAGIC = Buffer.from('ustar')

/** A header has a name of up to 100 bytes, padded with NUL, a mode in octal digits, and a checksum. */
function isTar (head: Buffer): boolean | undefined {
  const name = head.subarray(0, 100)
  const nul = name.indexOf(0)
  const text = nul === -1 ? name : name.subarray(0, nul)
  if (nul === 0 || text.some(byte => byte < 0x20) || (nul !== -1 && name.subarray(nul).some(byte => byte !== 0))) {
    return false
  }
  if (!/^[0-7 \0]*$/.test(head.toString('latin1', 100, 108))) return false
  if (head.length < TAR_BLOCK) return undefined
  if (head.subarray(257, 262).equals(TAR_MAGIC)) return true
  const checksum = parseInt(head.toString('latin1', 148, 156).replace(/[\0 ]+/g, ''), 8)
  const header = head.subarray(0, TAR_BLOCK)
  return checksum === header.reduce((sum, byte, i) => sum + (i >= 148 && i < 156 ? 0x20 : byte), 0)
}

/** Starts with the length of its header, eight bytes, and JSON. */
function isSafetensors (head: Buffer): boolean | undefined {
  if (head.subarray(4, 8).some(byte => byte !== 0) || (head.length > 8 && head[8] !== 0x7b)) return false
  if (head.length > 8) return head.readUInt32LE(0) > 1
  return head.includes('\n') ? false : undefined // a short line that was typed
}

/** Three letters and binary data; a text may start with the same letters. */
function isOrc (head: Buffer): boolean | undefined {
  const start = startsWith(Buffer.from('ORC'))(head)
  if (start !== true) return start
  const hasControls = head.subarray(3, 64).some(byte => byte < 0x09 || (byte > 0x0d && byte < 0x20))
  return hasControls ? true : head.length < 64 && !head.includes(0x0a, 3) ? undefined : false
}

/** Bytes searched for the end of the first tag, after white space, an XML declaration and comments. */
const HTML_LEAD_BYTES = 2048
const HTML_STARTS = ['<!doctype html', '<html', '<?xml', '<!--']

/** An HTML tag at the start, followed by another one: a text may start by naming a tag. */
export function isHtml (head: Buffer): boolean | undefined {
  const text = head.toString('latin1', 0, HTML_LEAD_BYTES)
  if (text.length < 3 && '\xef\xbb\xbf'.startsWith(text)) return undefined
  const before = /^(?:\xef\xbb\xbf)?[ \t\r\n]*(?:<\?xml[^<>]*>[ \t\r\n]*)?(?:<!--[^>]*-->[ \t\r\n]*)*/.exec(text)![0]
  const start = text.slice(before.length).toLowerCase()
  if (/^(?:<!doctype html|<html)(?:\s[^<>]*)?>\s*</.test(start)) return true
  if (text.length === HTML_LEAD_BYTES) return false
  const mayContinue = HTML_STARTS.some(tag => tag.startsWith(start)) ||
    /^(?:<!doctype html|<html)(?:\s[^<>]*)?(?:>\s*)?$|^<\?xml\s[^<>]*$|^<!--[^>]*$/.test(start)
  return mayContinue ? undefined : false
}

const PDF_START = '%PDF-1.0'

/** The version, followed by a line break, a comment or a binary byte: prose may start by naming the format. */
function isPdf (head: Buffer): boolean | undefined {
  const text = head.toString('latin1', 0, 16).replace(/^%PDF-\d\.\d/, PDF_START)
  if (/^%PDF-1\.0[ \t]*[\r\n%\x80-\xff]/.test(text)) return true
  const mayContinue = PDF_START.startsWith(text.replace(/^%PDF-\d/, '%PDF-1')) ||
    (text.length < 16 && /^%PDF-1\.0[ \t]*$/.test(text))
  return mayContinue ? undefined : false
}

/** This many consecutive ASCII characters, each padded with NUL, mean a wide encoding. */
const WIDE_CHARACTERS = 8

/** ASCII in characters of `width` bytes, which are NUL except for the one at `place`. */
function isWide (width: number, place: number): Kind['fits'] {
  return head => {
    const looked = head.subarray(0, width * WIDE_CHARACTERS)
    if (!looked.every((byte, i) => i % width === place ? byte >= 0x09 && byte < 0x7f : byte === 0)) return false
    return looked.length === width * WIDE_CHARACTERS ? true : undefined
  }
}

export const HTML: Kind = {
  fits: isHtml,
  is: 'an HTML page',
  advice: () => 'get the data itself instead of a page that shows it, or a login page'
}
const LFS_HOSTS = ['git-lfs.github', 'hawser.github']
export const isLfs = startsWith(...LFS_HOSTS.map(host => Buffer.from(`version https://${host}.com/spec/v1\n`)))

const BZIP2_CONTENT = [Buffer.from('1AY&SY'), magic('177245385090')] // or the footer of empty data
const BZIP2_STARTS = BZIP2_CONTENT.flatMap(content => {
  return Array.from({ length: 9 }, (_, i) => Buffer.concat([Buffer.from(`BZh${i + 1}`), content]))
})

/**
 * UTF-32 comes before UTF-16, as its byte order mark starts with that of UTF-16. bzip2 is recognized by ten bytes, as
 * its first four are letters.
 */
export const KINDS: readonly Kind[] = [
  { fits: startsWith(GZIP), is: 'gzip data', pipe: 'gzip -dc', ending: '.gz' },
  // or a skippable frame
  {
    fits: startsWith(magic('28b52ffd'), ...Array.from({ length: 16 }, (_, i) => magic(`5${i.toString(16)}2a4d18`))),
    is: 'zstd data',
    pipe: 'zstd -dc',
    ending: '.zst'
  },
  { fits: startsWith(magic('fd377a585a00')), is: 'xz data', pipe: 'xz -dc' },
  { fits: startsWith(...BZIP2_STARTS), is: 'bzip2 data', pipe: 'bzip2 -dc' },
  { fits: startsWith(magic('04224d18'), magic('02214c18')), is: 'lz4 data', pipe: 'lz4 -dc' },
  { fits: startsWith(magic('ff060000734e61507059')), is: 'snappy data', pipe: 'snzip -dc' },
  // no text in UTF-8 starts with either
  { fits: startsWith(magic('789c'), magic('7801')), is: 'zlib data', pipe: 'pigz -dc' },
  { fits: startsWith(magic('1f9d')), is: 'data compressed by `compress`', pipe: 'gzip -dc' },
  {
    fits: isTar,
    is: 'a tar archive',
    advice: name => unpack(`tar -xf ${name}`, 'tar -xO')(name)
  },
  { fits: startsWith(magic('504b0304'), magic('504b0708')), is: 'a zip archive', advice: unpack('unzip') },
  { fits: startsWith(magic('504b0506')), is: 'an empty zip archive', advice: () => 'give another file' },
  { fits: startsWith(magic('377abcaf271c')), is: 'a 7z archive', advice: unpack('7z x') },
  { fits: startsWith(Buffer.from('Rar!\x1a\x07')), is: 'a rar archive', advice: unpack('unrar x') },
  { fits: startsWith(magic('5041523115')), is: 'a parquet file', ...readAs('parquet') },
  { fits: startsWith(Buffer.from('Obj\x01')), is: 'an Avro file', ...toJson('for example with fastavro') },
  { fits: isOrc, is: 'an ORC file', ...toJson('for example with pyarrow') },
  {
    fits: startsWith(...[2, 3, 4, 5].map(protocol => Buffer.of(0x80, protocol))),
    is: 'a Python pickle',
    ...toJson('with the program that wrote it')
  },
  { fits: startsWith(magic('894844460d0a1a0a')), is: 'an HDF5 file', ...toJson('for example with h5py') },
  {
    fits: startsWith(Buffer.from('SQLite format 3\0')),
    is: 'an SQLite database',
    ...toJson('for example with sqlite3 -json')
  },
  {
    fits: startsWith(Buffer.from('\x93NUMPY', 'latin1')),
    is: 'a .npy file of NumPy',
    ...forData('give the text that it was made of; sluice inspect shows shards')
  },
  { fits: isSafetensors, is: 'a safetensors file, the weights of a model', advice: () => 'give another file' },
  {
    fits: startsWith(Buffer.from('GGUF\x02'), Buffer.from('GGUF\x03')),
    is: 'a GGUF file, the weights of a model',
    advice: () => 'give another file'
  },
  { fits: isPdf, is: 'a PDF', advice: () => 'take its text out first, for example with pdftotext' },
  {
    fits: isLfs,
    is: 'a Git LFS pointer, which stands for the file',
    advice: () => 'run git lfs pull in its repository, or download the file itself'
  },
  { ...HTML, unless: /\.x?html?(?:\.gz|\.zst)?$/i },
  { fits: startsWith(magic('fffe0000'), magic('0000feff')), is: 'UTF-32', advice: TO_UTF8 },
  { fits: startsWith(magic('fffe'), magic('feff')), is: 'UTF-16', advice: TO_UTF8 },
  ...[2, 4].flatMap(width => [0, width - 1].map(place => ({
    fits: isWide(width, place),
    is: `UTF-${8 * width} without a byte order mark`,
    advice: TO_UTF8
  })))
]

/** Kinds that readers of tables accept, and readers of text refuse. */
export const NO_TEXT: readonly Kind[] = [
  { fits: startsWith(Buffer.from('ARROW1\0\0')), is: 'an Arrow file', ...readAs('arrow') },
  { fits: startsWith(magic('ffffffff')), is: 'an Arrow stream', ...readAs('arrow') },
  {
    fits: startsWith(Buffer.from('FEA1\0\0\0\0')),
    is: 'a Feather file of version 1',
    ...toJson('for example with pyarrow')
  }
]

/** A file that starts with an HTML tag, whatever follows, where a binary file is expected. */
export const PAGE: Kind = {
  ...HTML,
  fits: head => /^(?:\xef\xbb\xbf)?\s*(?:<!doctype html|<html[\s>])/i.test(head.toString('latin1', 0, HTML_LEAD_BYTES))
}
