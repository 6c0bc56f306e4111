import { z } from 'zod'
import { path, positive } from '../../lib/options.ts'
import { packingOptions } from '../../lib/packing/packing.ts'
import type { FormatName } from '../../lib/shards/formats/format.ts'
import { isFlat } from '../../lib/shards/formats/formats.ts'
import { shardFileOptions } from '../../lib/shards/formats/options.ts'
import { isName } from '../../lib/text/shown.ts'

const POWERS: Readonly<Record<string, number>> = { k: 1e3, m: 1e6, b: 1e9, g: 1e9, t: 1e12 }

/** A number of tokens: 10B, 1.5M, 20_000 or 1e9. */
const tokens = amount(/^[\d_.]+(?:e\d+)? *[kmbgt]?$/i, POWERS, 'expected a number of tokens, such as 10B or 500_000')

const BYTES: Readonly<Record<string, number>> = {
  b: 1, kb: 1e3, mb: 1e6, gb: 1e9, kib: 2 ** 10, mib: 2 ** 20, gib: 2 ** 30
}

/** A number of bytes: 512MB, 64MiB or 1e9. */
export const bytes = amount(/^[\d_.]+(?:e\d+)? *(?:[kmg]i?)?b?$/i, BYTES, 'expected a number of bytes, such as 512MB')

/** A whole number, as such or as a text with a unit. */
function amount (pattern: RegExp, units: Readonly<Record<string, number>>, error: string): z.ZodType<number> {
  return z.union([z.number(), z.string().regex(pattern, error)], { error }).transform((given, context) => {
    const [, digits, unit] = /^([\d_.]+(?:e\d+)?) *(\w*)$/i.exec(String(given)) ?? []
    const value = Math.round(Number(digits?.replaceAll('_', '')) * (units[unit?.toLowerCase() ?? ''] ?? 1))
    if (value >= 1 && Number.isSafeInteger(value)) return value
    context.addIssue({ code: 'custom', message: error, input: given })
    return z.NEVER
  })
}

const share = z.number().min(0).max(1)

/** A share alone, or with the epochs that the source may be drawn in. */
const sourceSchema = z.union([
  share.transform(share => ({ share, max_epochs: null })),
  z.strictObject({
    share: share.describe('share of the tokens of the mixture'),
    max_epochs: z.number().positive().nullable().default(null)
      .describe('how often each document may be drawn at most (default: any number of times)')
  })
], { error: 'expected a share from 0 to 1, or { share, max_epochs }' })

const validationSchema = z.strictObject({
  share: z.number().gt(0).lt(1).describe('share of the documents, about'),
  by: z.enum(['document']).default('document')
    .describe('documents are chosen by the hash of their id, so that each stays on its side when data is added')
})

const outputPath = path.refine(isName, 'expected a name without control characters and line breaks')

const SHUFFLES = ['sequences', 'documents', 'none'] as const
const SHUFFLE_HELP = 'what is put in random order: packed sequences, documents before they are packed, or nothing ' +
  '(default: sequences; documents in megatron, olmo, ds and llmc)'
const DTYPE_HELP = 'type of the ids (default: that of the sources; by the vocabulary in formats other than npy)'

/** The training set that `mix` makes of a manifest's shards. */
export const mixSchema = z.strictObject({
  tokens: tokens.optional().describe('tokens of the training set: 10B, 500M; or epochs'),
  epochs: z.number().positive().optional().describe('how often the documents are drawn, in place of tokens'),
  seed: z.int().min(0).max(2 ** 32 - 1).default(42).describe('seed of the choice and the order of the documents'),
  sources: z.record(z.string(), sourceSchema).nullable().default(null)
    .describe('share of the tokens for each component, or { share, max_epochs }; without it as large as they are'),
  validation: validationSchema.nullable().default(null)
    .describe('documents that are kept out of the training set, in a separate folder'),
  shuffle: z.enum(SHUFFLES).optional().describe(SHUFFLE_HELP),
  shuffleMemory: bytes.refine(size => size >= 2 ** 20, 'expected at least 1MiB').prefault(512e6)
    .describe('memory for shuffling; the rest is on disk: 512MB'),
  outputDir: outputPath.describe('folder for the shards, in train/ and validation/, and their stats'),
  seqLen: positive.max(2 ** 24).optional().describe('token ids in a sequence (default: as in the sources)'),
  ...packingOptions,
  padId: packingOptions.padId.describe('id that best_fit fills sequences with; -1: that of the sources'),
  sequencesPerShard: positive.default(1024).describe('rows of a shard; the last one may have fewer'),
  ...shardFileOptions,
  dtype: shardFileOptions.dtype.describe(DTYPE_HELP)
})

/** The checked key `mixture` of a manifest. */
export type MixSettings = z.output<typeof mixSchema>

/** What is put in random order. */
export type MixShuffle = typeof SHUFFLES[number]

/** What a mixture puts in random order. Flat formats have documents only. */
export function shuffleOf (
  { shuffle, format }: { readonly shuffle?: MixShuffle | undefined, readonly format: FormatName }
): MixShuffle {
  return shuffle ?? (isFlat(format) ? 'documents' : 'sequences')
}
