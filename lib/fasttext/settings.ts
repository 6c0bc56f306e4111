import { DamagedModel, type ModelFile } from './model-file.ts'

/** How probabilities are computed: hierarchical softmax, negative sampling, softmax, one versus all. */
export type Loss = 'hs' | 'ns' | 'softmax' | 'ova'

/** The training settings that prediction depends on. */
export interface Settings {
  /** Length of the vectors. */
  readonly dim: number
  /** Maximum number of words in an n-gram of words; 1 for single words only. */
  readonly wordNgrams: number
  readonly loss: Loss
  /** The number of n-gram rows, before pruning. */
  readonly bucket: number
  /** Minimum and maximum length of character n-grams; 0 for none. */
  readonly minn: number
  readonly maxn: number
}

const MAGIC = 793712314
const LOSSES: ReadonlyArray<Loss | undefined> = [undefined, 'hs', 'ns', 'softmax', 'ova']
const MODELS = ['', 'cbow', 'skipgram', 'supervised']
const HEADER_BYTES = 8 + 12 * 4 + 8

/** Larger than in any real model. A larger number means that the file is damaged. */
const MAX = { dim: 2 ** 16, wordNgrams: 2 ** 10, maxn: 2 ** 10 } as const

/** Reads the header of a model's file. @throws DamagedModel when it isn't a supported classifier */
export async function readSettings (file: ModelFile): Promise<Settings> {
  const { size } = file
  await file.need(Math.min(size, HEADER_BYTES), 'its header')
  const magic = size < 4 ? undefined : file.int32()
  if (magic !== MAGIC) {
    throw new DamagedModel(`not a fastText model: ${size === 0 ? 'it is empty' : 'it has another header'}; ` +
      'expected a .bin or .ftz file of a supervised model')
  }
  await file.need(HEADER_BYTES - 4, 'its header')
  const version = file.int32()
  if (version !== 11 && version !== 12) {
    throw new DamagedModel(`has version ${version} of fastText's format, expected 11 or 12; ` +
      'convert it with a fastText version that reads it')
  }
  const dim = between(1, file.int32(), MAX.dim, 'dim')
  for (let i = 0; i < 4; i++) file.int32() // ws, epoch, minCount, neg
  const wordNgrams = between(0, file.int32(), MAX.wordNgrams, 'wordNgrams')
  const lossNumber = file.int32()
  const loss = LOSSES[lossNumber]
  if (loss === undefined) throw new DamagedModel(`its loss is ${lossNumber}, expected 1 to 4`)
  const model = MODELS[file.int32()]
  if (model !== 'supervised') {
    const isUnknown = model === undefined || model === ''
    const found = isUnknown ? 'model of an unknown kind' : `${model} model, of word vectors`
    throw new DamagedModel(`it is a ${found}, expected a classifier (fasttext supervised)`)
  }
  const bucket = between(0, file.int32(), 2 ** 31 - 1, 'bucket')
  const minn = file.int32()
  const longest = between(0, file.int32(), MAX.maxn, 'maxn')
  file.int32() // lrUpdateRate
  file.float64() // t
  const maxn = version === 11 ? 0 : longest // old classifiers don't use character n-grams
  if (bucket === 0 && (maxn > 0 || wordNgrams > 1)) throw new DamagedModel('its bucket is 0, but it uses n-grams')
  return { dim, wordNgrams, loss, bucket, minn, maxn }
}

function between (least: number, value: number, most: number, name: string): number {
  if (value < least || value > most) throw new DamagedModel(`its ${name} is ${value}, expected ${least} to ${most}`)
  return value
}
