/**
 * Infers the format of files from their names, as `datasets` (5.2) does. The table has all of its extensions,
 * including those of images and audio, because a folder of images with one `.csv` is not a table.
 */

/** A format that sluice reads. */
export type Format = 'json' | 'csv' | 'text' | 'parquet' | 'arrow'

const READABLE: ReadonlySet<string> = new Set<Format>(['json', 'csv', 'text', 'parquet', 'arrow'])

/** Extensions of each kind, in lower case and without the dot. */
const ENDINGS: Readonly<Record<string, string>> = {
  csv: 'csv tsv',
  json: 'json jsonl ndjson',
  parquet: 'parquet geoparquet gpq',
  arrow: 'arrow',
  text: 'txt',
  conll: 'conll conllu',
  webdataset: 'tar',
  xml: 'xml',
  hdf5: 'hdf5 h5',
  eval: 'eval',
  harbor: 'toml md',
  lance: 'lance',
  tsfile: 'tsfile',
  vortex: 'vortex',
  fasta: 'fa fasta fna ffn faa frn afa',
  genbank: 'gb gbk genbank',
  fastq: 'fq fastq',
  mmcif: 'cif mmcif',
  zip: 'zip'
}

/** Likewise, for extensions that `datasets` knows in upper case too. */
const ENDINGS_IN_BOTH_CASES: Readonly<Record<string, string>> = {
  pdb: 'pdb ent',
  imagefolder: 'blp bmp dib bufr cur pcx dcx dds ps eps fit fits fli flc ftc ftu gbr gif grib png apng jp2 j2k jpc ' +
    'jpf jpx j2c icns ico im iim tif tiff jfif jpe jpg jpeg msp pcd pxr pbm pgm ppm pnm psd bw rgb rgba sgi ras ' +
    'tga icb vda vst webp wmf emf xbm xpm',
  audiofolder: 'mpg aiff au avr caf flac htk svx mat4 mat5 mpc2k ogg paf pvf raw rf64 sd2 sds ircam voc w64 wav ' +
    'nist wavex wve xi mp3 opus 3gp 3g2 asf flv m4v webm f4v wmv wma ogm mxf nut',
  videofolder: 'mpeg avi mp4 mov mkv',
  meshfolder: 'glb gltf ply stl',
  pdffolder: 'pdf',
  niftifolder: 'nii'
}

/** Metadata files of the Lance format. */
const METADATA_ENDINGS = ['idx', 'manifest', 'txn']

const METADATA_NAMES: ReadonlySet<string> = new Set([
  'instruction.md', 'latest_version_hint.json', 'metadata.csv', 'metadata.jsonl', 'metadata.parquet', 'task.toml'
])

/** If several extensions are most frequent, the first of these is used, otherwise the last in alphabetical order. */
const FAVOURITES = ['parquet', 'lance', 'vortex', 'arrow', 'jsonl', 'json', 'csv']

const kindOfEnding = new Map([ENDINGS, ENDINGS_IN_BOTH_CASES]
  .flatMap(table => Object.entries(table))
  .flatMap(([kind, endings]) => endings.split(' ').map(ending => [ending, kind] as const)))

const dataEndings: ReadonlySet<string> = new Set([
  ...kindOfEnding.keys(),
  ...Object.values(ENDINGS_IN_BOTH_CASES).flatMap(endings => endings.toUpperCase().split(' ')),
  ...METADATA_ENDINGS
])

/** The last part of a path. */
export function baseName (path: string): string {
  return path.slice(path.lastIndexOf('/') + 1)
}

/** The extensions of a name, such as `jsonl` and `zst` of `part.jsonl.zst`. */
function endingsOf (path: string): string[] {
  return baseName(path).split('.').slice(1)
}

/** Whether one of the extensions of a name is that of data. */
export function isDataFile (path: string): boolean {
  return endingsOf(path).some(ending => dataEndings.has(ending))
}

/** A kind of data. */
export interface Kind {
  /**
   * The name of the reader in `datasets`: one of `Format`, or one that sluice doesn't have; null: no name has a known
   * extension.
   */
  readonly name: string | null
  /** Reader options that the extension implies. */
  readonly options: Readonly<Record<string, unknown>>
}

/** The most frequent kind of the files, by their names. */
export function kindOf (paths: readonly string[]): Kind {
  const counts = new Map<string, { readonly ending: string, readonly isMetadata: boolean, count: number }>()
  for (const path of paths) {
    const isMetadata = METADATA_NAMES.has(baseName(path))
    for (const written of endingsOf(path)) {
      const ending = written.toLowerCase()
      const key = `${isMetadata} ${ending}`
      const known = counts.get(key)
      if (known === undefined) counts.set(key, { ending, isMetadata, count: 1 })
      else known.count++
    }
  }
  const sorted = [...counts.values()].sort((a, b) =>
    Number(a.isMetadata) - Number(b.isMetadata) || b.count - a.count || rank(a.ending) - rank(b.ending) ||
      (a.ending < b.ending ? 1 : -1))
  const ending = sorted.find(({ ending }) => kindOfEnding.has(ending))?.ending
  return {
    name: ending === undefined ? null : kindOfEnding.get(ending)!,
    options: ending === 'tsv' ? { sep: '\t' } : {}
  }
}

function rank (ending: string): number {
  const at = FAVOURITES.indexOf(ending)
  return at === -1 ? FAVOURITES.length : at
}

/** Whether sluice reads that kind. */
export function isFormat (kind: string | null): kind is Format {
  return kind !== null && READABLE.has(kind)
}

/** Whether a name has an extension of the format, or that of an archive, which `datasets` would open. */
export function mayHold (format: Format, path: string): boolean {
  const endings = `${ENDINGS[format]} zip`.split(' ').join('|')
  return new RegExp(`\\.(?:${endings})(?:\\..+)?$`, 's').test(path)
}

const COMPRESSIONS: ReadonlySet<string> = new Set(['bz2', 'gz', 'gzip', 'lz4', 'xz', 'zst', 'zstd'])
const ARCHIVES: ReadonlySet<string> = new Set(['zip', 'tar', 'tgz', '7z', 'rar'])

/**
 * Why a file can't be read, by its name: it is an archive, or its compression is not supported; null: it can be read.
 * Like `datasets`, this finds `gz` in `part.json.gz-00000-of-00005`, but sluice decompresses only names that end in
 * `.gz` or `.zst`.
 */
export function unreadable (format: Format, path: string): string | null {
  const endings = endingsOf(path)
  const archive = endings.find(ending => ARCHIVES.has(ending.toLowerCase()))
  if (archive !== undefined) return `is an archive (.${archive})`
  const last = endings.at(-1) ?? ''
  const compression = last.split(/[?_-]/)[0]!
  if (!COMPRESSIONS.has(compression)) return null
  if (format === 'parquet') return `is a parquet file compressed as a whole (.${last})`
  return last === 'gz' || last === 'zst' ? null : `has a compression that isn't supported (.${last})`
}
