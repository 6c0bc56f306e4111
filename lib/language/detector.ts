import { SluiceError, messageOf } from '../errors.ts'
import { isThenable } from '../stage/strict-work.ts'

/** The result of a language detector. */
export interface Detected {
  /** A tag or label, such as `en`, `zh-Latn`, `__label__en` or `eng_Latn`; `und` if the language is undetermined. */
  readonly language: string
  readonly probability: number
}

/** Detects the language of texts. */
export interface LanguageDetector {
  /** The most probable language of a text, which may be empty or have lone surrogates. @param id of the document */
  detect (text: string, id?: string): Detected | Promise<Detected>
  /** All labels that it may return, if known; the stage refuses to keep any other language. */
  readonly labels?: readonly string[] | undefined
  /** Releases its resources. */
  close? (): void
}

/** The result for a text whose language can't be detected. */
export const UNDETERMINED: Detected = { language: 'und', probability: 0 }

/** A custom detector whose results are checked. It fails with `ERR_DOCUMENT`, which names the document. */
export function strictDetector (detector: LanguageDetector): LanguageDetector {
  const fail = (id: string | undefined, cause: unknown): never => {
    const message = `the language detector has failed at document ${id}: ${messageOf(cause)}`
    throw new SluiceError('ERR_DOCUMENT', message, { cause })
  }
  return {
    labels: detector.labels,
    detect (text, id) {
      try {
        const given: unknown = detector.detect(text, id)
        if (!isThenable(given)) return checked(given)
        return Promise.resolve(given).then(checked).catch((error: unknown) => fail(id, error))
      } catch (error) {
        return fail(id, error)
      }
    },
    close () { detector.close?.() }
  }
}

function checked (given: unknown): Detected {
  const { language, probability } = (given ?? {}) as Record<string, unknown>
  if (typeof language === 'string' && typeof probability === 'number' && !Number.isNaN(probability)) {
    return { language, probability }
  }
  throw new Error(`it returned ${JSON.stringify(given)}, expected { language, probability }`)
}
