import type { LanguageIdentifier } from 'cld3-asm'
import { z } from 'zod'
import type { Document } from '../lib/document.ts'
import { loadEmscripten } from '../lib/emscripten.ts'
import { suggestion } from '../lib/options.ts'
import { Stage, type StageOptions, stageOptions } from '../lib/stage.ts'

/** What cld3 can tell apart: https://github.com/google/cld3#supported-languages */
const CLD3_LANGUAGES = (
  'af am ar az be bg bg-Latn bn bs ca ceb co cs cy da de el el-Latn en eo es et eu fa fi fil fr fy ga gd gl gu ha haw hi ' +
  'hi-Latn hmn hr ht hu hy id ig is it iw ja ja-Latn jv ka kk km kn ko ku ky la lb lo lt lv mg mi mk ml mn mr ms mt my ne ' +
  'nl no ny pa pl ps pt ro ru ru-Latn sd si sk sl sm sn so sq sr st su sv sw ta te tg th tr uk ur uz vi xh yi yo zh zh-Latn zu'
).split(' ')

export const languageOptions = z.strictObject({
  keep: z.string().default('en')
    .refine(wanted => CLD3_LANGUAGES.some(code => sameLanguage(code, wanted)), {
      error: issue => `cld3 does not know this language${suggestion(String(issue.input), CLD3_LANGUAGES)}`
    })
    .describe('language kept, as a BCP 47 tag such as en or zh-Latn'),
  threshold: z.number().min(0).max(1).default(0.8).describe('lowest probability at which a document is kept, inclusive')
}).describe('keeps documents in one language, as cld3 detects it')

export type LanguageOptions = z.input<typeof languageOptions> & StageOptions<Document>

/** cld3 predicts on this many bytes at least and at most; below, it says `und`. */
const MIN_BYTES = 10
const MAX_BYTES = 700

/** cld3 samples a text, and dies of texts of some MB. */
const READ_BYTES = 64 * 1024

/** cld3 stops reading at the first of these: C0 and C1 control characters, and the noncharacters of every plane. */
const UNREADABLE = /[\0-\x1f\x7f-\x9f\ufdd0-\ufdef]|[\ufffe\uffff]|[\ud83f\ud87f\ud8bf\ud8ff\ud93f\ud97f\ud9bf\ud9ff\uda3f\uda7f\udabf\udaff\udb3f\udb7f\udbbf\udbff][\udffe\udfff]/g // eslint-disable-line no-control-regex

/** Codes that were withdrawn, and what they became (ISO 639-1; cld3 still says `iw`). */
const RENAMED: Record<string, string> = { iw: 'he', in: 'id', ji: 'yi', jw: 'jv' }

/**
 * Whether a detected language is the wanted one. Primary subtags are compared (`en-US` is `en`, `iw` is `he`);
 * a language in Latin script that isn't its own (`zh-Latn`) only matches when it is wanted whole. `und` matches nothing.
 */
export function sameLanguage (detected: string, wanted: string): boolean {
  const [found, asked] = [tagOf(detected), tagOf(wanted)]
  return found.language === asked.language && found.latin === asked.latin && found.language !== 'und'
}

function tagOf (tag: string): { language: string, latin: boolean } {
  const [primary = '', ...rest] = tag.toLowerCase().split(/[-_]/)
  return { language: RENAMED[primary] ?? primary, latin: rest.includes('latn') }
}

/** The part of a text that cld3 is given, made readable for it. */
export function readablePart (text: string): string {
  let part = text
  if (text.length * 3 > READ_BYTES) {
    const { read } = new TextEncoder().encodeInto(text, buffer ??= new Uint8Array(READ_BYTES))
    part = text.slice(0, read)
  }
  return part.toWellFormed().replace(UNREADABLE, ' ')
}

let buffer: Uint8Array | undefined

/**
 * Keeps documents in the wanted language, as Google's cld3 detects it. Drops `undetermined` (cld3 says `und`),
 * `other_language`, and `low_probability` (the wanted language, below the threshold).
 */
export function language (options: LanguageOptions = {}): Stage<Document, Document> {
  const [{ keep, threshold }, shared] = stageOptions('language', languageOptions, options)
  let identifier: LanguageIdentifier | undefined
  return new Stage<Document, Document>({
    name: 'language',
    async open () {
      const { loadModule } = await import('cld3-asm')
      const factory = await loadEmscripten(() => loadModule())
      identifier = factory.create(MIN_BYTES, MAX_BYTES)
    },
    take (document, push) {
      const { language, probability }: { language: string, probability: number } = identifier!.findLanguage(readablePart(document.text))
      if (language === 'und') return 'undetermined'
      if (!sameLanguage(language, keep)) return 'other_language'
      if (probability < threshold) return 'low_probability'
      push(document)
      return undefined
    },
    close () { identifier?.dispose() }
  }, shared)
}
