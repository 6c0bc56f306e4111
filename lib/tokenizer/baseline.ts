import { z } from 'zod'
import { SluiceError } from '../errors.ts'
import { readJsonFile } from '../input/json-file.ts'
import { count, sha256Hex, validateOptions } from '../options.ts'

const share = z.number().min(0).max(1)

/** The part of `check-coverage`'s JSON that a later result is compared with; its other keys are ignored. */
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
 * Reads the baseline to compare with: JSON that `check-coverage` has written.
 *
 * @throws SluiceError `ERR_BASELINE` when the file can't be read or isn't such JSON, with every mistake
 */
export async function readCoverageBaseline (path: string): Promise<CoverageBaseline> {
  const { content } = await readJsonFile(path, 'ERR_BASELINE', 'the JSON that check-coverage writes')
  const checked = validateOptions(coverageBaseline, content)
  if ('options' in checked) return checked.options
  const mistakes = checked.mistakes.map(({ path: keys, message }) =>
    [keys.map(String).join('.'), message].filter(part => part !== '').join(': '))
  const message = `${path}: is not the JSON that check-coverage writes: ${mistakes.join('; ')}`
  throw new SluiceError('ERR_BASELINE', message)
}
