import { z } from 'zod'
import type { Document } from '../lib/document.ts'
import { SluiceError } from '../lib/errors.ts'
import type { ModelUse } from '../lib/fasttext/model-use.ts'
import type { KnownModel } from '../lib/fasttext/model.ts'
import { CLD3_LANGUAGES, loadCld3 } from '../lib/language/cld3.ts'
import { type Detected, type LanguageDetector, strictDetector } from '../lib/language/detector.ts'
import { fastTextDetector, installedModel } from '../lib/language/fasttext.ts'
import { sameLanguage, tagNamed, tagOf } from '../lib/language/tags.ts'
import { type Push, type StageOptions, type Work, Stage, stageOptions } from '../lib/stage/stage.ts'

/** The value of `keep` that keeps documents of every language. */
export const ANY_LANGUAGE = 'any'

/** The default thresholds. That of fastText is FineWeb's for English with lid.176. */
const THRESHOLDS = { cld3: 0.8, fasttext: 0.65 } as const

const tag = z.string().min(1)

export const languageOptions = z.strictObject({
  keep: z.union([tag, z.array(tag).min(1)], { error: 'expected a language, or a list of them' }).default('en')
    .meta({ several: true })
    .describe('languages to keep, as BCP 47 tags such as en or zh-Latn (a list, or separated by commas); any: all'),
  threshold: z.number().min(0).max(1).optional()
    .describe(`minimum probability to keep a document, inclusive (default: ${THRESHOLDS.cld3} of cld3, ` +
      `${THRESHOLDS.fasttext} of fastText)`),
  detector: z.enum(['cld3', 'fasttext']).default('cld3').describe('language detector'),
  model: z.string().min(1).optional()
    .describe('.bin or .ftz file for fasttext (default: lid.176.ftz, if fasttext.wasm.js is installed)'),
  record: z.boolean().default(false).describe('store the result in meta: language and language_score')
})
  .refine(({ detector, model }) => model === undefined || detector === 'fasttext',
    '`model` is for the `detector` fasttext')
  // The languages of a fastText model are known once it is loaded.
  .superRefine(({ keep, detector }, context) => { if (detector === 'cld3') languagesOfCld3(keep, 'keep', context) })
  .describe('keeps documents in some languages, as cld3 or fastText detects them')

/** Options of `language`. */
export type LanguageOptions = Omit<z.input<typeof languageOptions>, 'detector'> & StageOptions<Document> & {
  /** A detector by its name, or a custom one, which the stage closes at the end. @default 'cld3' */
  readonly detector?: z.input<typeof languageOptions>['detector'] | LanguageDetector
}

/** The languages of `keep`. Each of its strings may list several, separated by commas. */
function languagesIn (keep: string | readonly string[]): string[] {
  return [keep].flat().flatMap(tags => tags.split(',')).map(tag => tag.trim())
}

/** A message about the first language that no label stands for; undefined if there is none. */
function unknownLanguage (
  detector: string,
  labels: readonly string[],
  keep: string | readonly string[]
): string | undefined {
  const unknown = languagesIn(keep).find(wanted =>
    wanted !== ANY_LANGUAGE && !labels.some(label => sameLanguage(label, wanted)))
  if (unknown === undefined) return undefined
  const tags = [...new Set(labels.map(tagOf))]
  const meant = /^(?:all|\*)$/i.test(unknown) ? ANY_LANGUAGE : tagNamed(unknown, tags)
  const advice = meant === undefined ? `; it knows ${tags.join(' ')}` : ` (did you mean ${meant}?)`
  return `${detector} does not know the language ${JSON.stringify(unknown)}${advice}`
}

/** Adds an issue for an option with a language that cld3 doesn't know. */
export function languagesOfCld3 (keep: string | readonly string[], option: string, context: z.RefinementCtx): void {
  const message = unknownLanguage('cld3', CLD3_LANGUAGES, keep)
  if (message !== undefined) context.addIssue({ code: 'custom', path: [option], message })
}

/** Finds the model that `language` reads, if any, and checks that it knows the languages. */
export const languageModel: ModelUse = {
  path: ({ detector, model }) => detector === 'fasttext' ? (model as string | undefined) ?? installedModel() : null,
  mistake ({ keep }, path, labels) {
    const message = unknownLanguage(path, labels, keep as string | readonly string[])
    return message === undefined ? undefined : { key: 'keep', message }
  }
}

/**
 * Keeps documents in the wanted languages. Drops `undetermined`, `other_language`, and `low_probability` (a wanted
 * language, below the threshold).
 *
 * @throws SluiceError `ERR_OPTION` for wrong options; the stream fails with `ERR_OPTION` when the detector doesn't know
 *   a language to keep, and with `ERR_MODEL` for a model that can't be used
 */
export function language ({ detector, ...options }: LanguageOptions = {}): Stage<Document, Document> {
  const custom = typeof detector === 'object' ? detector : undefined
  // The languages of a custom detector are known once it is open, as those of a fastText model are.
  const given = { ...options, detector: custom === undefined ? detector : 'fasttext' }
  const [own, shared] = stageOptions('language', languageOptions, given)
  return new Stage(languageWork(own, {}, custom), shared)
}

/**
 * The work of `language`, without the stream.
 *
 * @param options checked options
 * @param known a model that is loaded already, or its SHA-256
 * @param custom a detector instead of the one that the options name
 */
export function languageWork (
  options: z.output<typeof languageOptions>, known: KnownModel = {}, custom?: LanguageDetector
): Work<Document, Document> {
  const { keep, threshold, model, record } = options
  const detector = custom ?? options.detector
  const wanted = languagesIn(keep)
  const keepsAll = wanted.includes(ANY_LANGUAGE)
  const least = threshold ?? THRESHOLDS[detector === 'fasttext' ? 'fasttext' : 'cld3']
  let used: LanguageDetector | undefined
  const isWanted = new Map<string, boolean>() // by label: there are few, and many documents of each

  type Reason = string | undefined
  const filter = (document: Document, { language, probability }: Detected, push: Push<Document>): Reason => {
    let isKept = isWanted.get(language)
    if (isKept === undefined) isWanted.set(language, isKept = wanted.some(tag => sameLanguage(language, tag)))
    if (!keepsAll) {
      if (language === 'und') return 'undetermined'
      if (!isKept) return 'other_language'
      if (!(probability >= least)) return 'low_probability'
    }
    if (!record) push(document)
    else push({ ...document, meta: { ...document.meta, language: tagOf(language), language_score: probability } })
    return undefined
  }

  return {
    name: 'language',
    async open () {
      const { name, opened } = await open(detector, model, known)
      used = opened
      const message = opened.labels && unknownLanguage(name, opened.labels, wanted)
      if (message !== undefined) throw new SluiceError('ERR_OPTION', `language.keep: ${message}`)
    },
    take (document, push) {
      const detected = used!.detect(document.text, document.id)
      if ('then' in detected) return detected.then(awaited => filter(document, awaited, push))
      return filter(document, detected, push)
    },
    close () { used?.close?.() }
  }
}

interface OpenDetector {
  /** For messages. */
  readonly name: string
  readonly opened: LanguageDetector
}

async function open (
  detector: LanguageOptions['detector'], model: string | undefined, { loaded, sha256 }: KnownModel
): Promise<OpenDetector> {
  if (typeof detector === 'object') return { name: 'the detector', opened: strictDetector(detector) }
  if (detector !== 'fasttext') return { name: 'cld3', opened: await loadCld3() }
  const { FastTextClassifier, loadFastText } = await import('../lib/fasttext/classifier.ts')
  if (loaded !== undefined) return { name: loaded.path, opened: fastTextDetector(FastTextClassifier.from(loaded)) }
  const path = model ?? installedModel()
  return { name: path, opened: fastTextDetector(await loadFastText(path, { sha256 })) }
}
