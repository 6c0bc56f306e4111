import { open, readdir, stat } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { STANDARD_STREAM } from '../../lib/bytes.ts'
import { SluiceError, reasonOf } from '../../lib/errors.ts'
import { kindName, otherKind } from '../../lib/file-kind.ts'
import { isDatasetName, isHubName } from '../../lib/hub/address.ts'
import { findFiles } from '../../lib/input/find.ts'
import { formatByNames, formatOfName } from '../../lib/records/format.ts'

/** A dataset on the Hub, or files of one format. */
export interface Input {
  /** A name for the component. */
  readonly name: string
  /** The value of `dataset` in a manifest. */
  readonly dataset: string
  /** A path or a glob; null for a dataset on the Hub. */
  readonly dataFiles: string | null
}

/** Bytes of a file that are examined if its extension is unknown. */
const HEAD_BYTES = 4096

/**
 * Finds the inputs that names on a command line stand for: paths, globs, folders, and datasets on the Hub.
 *
 * @throws SluiceError `ERR_OPTION` without a name, and for standard input; `ERR_FILES` for a folder without files of a
 *   known format, and for missing files; `ERR_SOURCE` for a file of another kind
 */
export async function inputsOf (names: readonly string[]): Promise<Input[]> {
  if (names.length === 0) throw new SluiceError('ERR_OPTION', `init: ${EXPECTED}`)
  if (names.includes(STANDARD_STREAM)) {
    throw new SluiceError('ERR_OPTION', 'init: standard input can be read only once; write it to a file first')
  }
  const inputs: Input[] = []
  for (const name of names) {
    const there = await stat(name).catch(() => null)
    if (there === null && isDatasetName(name) && name.includes('/')) {
      inputs.push({ name: basename(name), dataset: name, dataFiles: null })
      continue
    }
    for (const found of there?.isDirectory() === true ? await globsIn(name) : [name]) {
      inputs.push({ name: nameOf(found), dataset: await formatOf(found), dataFiles: found })
    }
  }
  return inputs
}

const EXPECTED = 'expected the files, globs or folders to make shards of, or OWNER/NAME of a dataset on the Hub'

/** A glob for each known extension of the files in a folder and its subfolders. */
async function globsIn (folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch((cause: unknown) => {
    throw new SluiceError('ERR_FILES', `${folder}: cannot be read: ${reasonOf(cause)}`, { cause })
  })
  const isHidden = (path: string): boolean => /(?:^|\/)\./.test(path.slice(folder.length))
  const files = entries.filter(entry => entry.isFile() && !isHidden(join(entry.parentPath, entry.name)))
  const endings = new Set(files.map(({ name }) => name).filter(name => formatOfName(name) !== null)
    .map(name => /\.\w+(?:\.gz|\.zst)?$/.exec(name)![0]))
  if (endings.size > 0) return [...endings].sort().map(ending => join(escaped(folder), '**', `*${ending}`))
  const found = files.length === 0 ? 'it has no files' : `its files, such as ${files[0]!.name}, have none`
  throw new SluiceError('ERR_FILES', `${folder}: expected files with the extension of a known format (.jsonl, ` +
    `.csv, .txt, .parquet, .arrow), but ${found}; name the files themselves`)
}

/** The name of a folder, escaped for a glob. */
function escaped (folder: string): string {
  return folder.replace(/[*?[\]{}\\]/g, '\\$&')
}

/** The format by extension, otherwise by the first bytes of the first file. */
async function formatOf (name: string): Promise<string> {
  const byName = formatOfName(name)
  if (byName !== null) return byName
  const files = await findFiles(name)
  const [format] = [...new Set(files.map(({ path }) => formatOfName(path)))].filter(known => known !== null)
  if (format !== undefined) return formatByNames(files.map(({ path }) => path))
  const [first] = files
  return isHubName(name) ? 'json' : await formatByContent(first!.path)
}

async function formatByContent (path: string): Promise<string> {
  const head = await headOf(path)
  const kind = kindName(head, path)
  if (kind === 'a parquet file') return 'parquet'
  if (kind !== null && /^an Arrow /.test(kind)) return 'arrow'
  const other = otherKind(head, path)
  if (other !== null) throw new SluiceError('ERR_SOURCE', `${path}: ${other}`)
  if (head.includes(0)) {
    const advice = 'convert it to NDJSON, CSV, text, parquet or Arrow first'
    throw new SluiceError('ERR_SOURCE', `${path}: is a binary file of an unknown kind; ${advice}`)
  }
  return /^\s*[[{]/.test(head.toString()) ? 'json' : 'text'
}

async function headOf (path: string): Promise<Buffer> {
  try {
    const file = await open(path)
    try {
      const { buffer, bytesRead } = await file.read(Buffer.alloc(HEAD_BYTES), 0, HEAD_BYTES, 0)
      return buffer.subarray(0, bytesRead)
    } finally {
      await file.close()
    }
  } catch (cause) {
    throw new SluiceError('ERR_FILES', `${path}: cannot be read: ${reasonOf(cause)}`, { cause })
  }
}

/** A name for a component: `web` for `data/web-00*.ndjson.gz`, `data` for `data/**` with an extension. */
function nameOf (path: string): string {
  const parts = path.split('/').map(part => {
    const stem = part.replace(/[*?[{].*$/, '').replace(/(?:\.\w+)*$/, '')
    return stem.replace(/[^\w.-]+/g, '_').replace(/^[._-]+|[._-]+$/g, '')
  })
  return parts.findLast(part => part !== '') ?? 'data'
}
