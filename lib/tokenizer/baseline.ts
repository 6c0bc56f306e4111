import { readFile } from 'node:fs/promises'
import { z } from 'zod'
import { SluiceError, messageOf, reasonOf } from '../errors.ts'
import { mistakenKind } from '../file-kind.ts'
import { firstBytes } from '../fasttext/model-use.ts'
import { notLocalFile } from '../not-local.ts'
import { validateOptions, count, sha256Hex } from '../options.ts'

const share = z.number().min(0).max(1)

/** What of the JSON of `check-coverage` a later one is compared with; it says more beside that. */
const coverageBaseline = z.object({
  documents: count,
  words: z.int().min(1),
  tokens_per_word: z.number().min(0),
  single_token_share: share,
  two_or_fewer_share: share,
  sample: z.object({ sha256: sha256Hex }),
  tokenizer: z.object({ sha256: sha256Hex })
})

export type CoverageBaseline = Readonly<z.output<typeof coverageBaseline>>

/**
 * Reads what `check-coverage` has written, to compare with.
 *
 * @throws SluiceError `ERR_BASELINE` when it can't be read or isn't that, with every mistake
 */
export async function readCoverageBaseline (path: string): Promise<CoverageBaseline> {
  const fail = (message: string, cause?: unknown): never => {
    throw new SluiceError('ERR_BASELINE', `${path}: ${message}`, { cause })
  }
  const text = await readFile(path, 'utf8').catch((cause: unknown) => {
    const why = `${path}: cannot be read: ${reasonOf(cause)}, expected the JSON that check-coverage writes`
    throw new SluiceError('ERR_BASELINE', notLocalFile(path, cause) ?? why, { cause })
  })
  let content: unknown
  try {
    content = JSON.parse(text)
  } catch (cause) {
    const other = mistakenKind(await firstBytes(path), path)
    return fail(`${other ?? `is not JSON: ${messageOf(cause)}`}; expected what check-coverage writes`, cause)
  }
  const checked = validateOptions(coverageBaseline, content)
  if ('options' in checked) return checked.options
  const mistakes = checked.mistakes.map(({ path: keys, message }) =>
    [keys.map(String).join('.'), message].filter(part => part !== '').join(': '))
  return fail(`is not what check-coverage writes: ${mistakes.join('; ')}`)
}
