/** The language of a text, as a detector tells it. */
export interface Detected {
  /** A tag or label, such as `en`, `zh-Latn`, `__label__en` or `eng_Latn`; `und` where it can't tell. */
  readonly language: string
  readonly probability: number
}

/** What tells the language of texts. */
export interface LanguageDetector {
  /** The most probable language of a text, which may be empty or have lone surrogates. */
  detect (text: string): Detected | Promise<Detected>
  /** Every label it may tell, where that is known: a language to keep that is none of them is a mistake. */
  readonly labels?: readonly string[] | undefined
  /** Lets go of what it holds. */
  close? (): void
}

/** What is told of a text that can't be judged. */
export const UNDETERMINED: Detected = { language: 'und', probability: 0 }
