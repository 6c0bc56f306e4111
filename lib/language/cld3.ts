import { loadEmscripten } from '../emscripten.ts'
import type { LanguageDetector } from './detector.ts'

/** The languages that cld3 knows: https://github.com/google/cld3#supported-languages */
export const CLD3_LANGUAGES: readonly string[] = (
  'af am ar az be bg bg-Latn bn bs ca ceb co cs cy da de el el-Latn en eo es et eu fa fi fil fr fy ga gd gl gu ha ' +
  'haw hi hi-Latn hmn hr ht hu hy id ig is it iw ja ja-Latn jv ka kk km kn ko ku ky la lb lo lt lv mg mi mk ml mn ' +
  'mr ms mt my ne nl no ny pa pl ps pt ro ru ru-Latn sd si sk sl sm sn so sq sr st su sv sw ta te tg th tr uk ur ' +
  'uz vi xh yi yo zh zh-Latn zu'
).split(' ')

/** The minimum and maximum bytes of a text that cld3 uses; for shorter texts it returns `und`. */
const MIN_BYTES = 10
const MAX_BYTES = 700

/** Bytes of a text that cld3 gets: it uses only a sample, and crashes on texts of several MB. */
const READ_BYTES = 64 * 1024

/** High surrogates of the last two code points of each plane but the first. */
const PLANE_ENDS = '\ud83f\ud87f\ud8bf\ud8ff\ud93f\ud97f\ud9bf\ud9ff\uda3f\uda7f\udabf\udaff\udb3f\udb7f\udbbf\udbff'

/**
 * cld3 stops at the first of these: C0 and C1 control characters, and the noncharacters of every plane. The pattern
 * matches code units, which is twice as fast as code points.
 */
const UNREADABLE = new RegExp(
  `[\\0-\\x1f\\x7f-\\x9f\\ufdd0-\\ufdef\\ufffe\\uffff]|[${PLANE_ENDS}][\\udffe\\udfff]`, 'g'
)

/** The part of a text that cld3 gets, without characters at which it would stop. */
export function readablePart (text: string): string {
  let part = text
  if (text.length * 3 > READ_BYTES) {
    const { read } = new TextEncoder().encodeInto(text, buffer ??= new Uint8Array(READ_BYTES))
    part = text.slice(0, read)
  }
  return part.toWellFormed().replace(UNREADABLE, ' ')
}

let buffer: Uint8Array | undefined

/** Loads Google's cld3, compiled to wasm. Close it at the end. */
export async function loadCld3 (): Promise<LanguageDetector> {
  const { loadModule } = await import('cld3-asm')
  const factory = await loadEmscripten(() => loadModule())
  const identifier = factory.create(MIN_BYTES, MAX_BYTES)
  return {
    labels: CLD3_LANGUAGES,
    detect: text => identifier.findLanguage(readablePart(text)),
    close () { identifier.dispose() }
  }
}
