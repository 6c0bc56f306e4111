/** The names of SentencePiece's normalization rules. */
export const RULE_NAMES = ['nmt_nfkc', 'nfkc', 'nmt_nfkc_cf', 'nfkc_cf', 'identity'] as const

/** One of `RULE_NAMES`. */
export type RuleName = typeof RULE_NAMES[number]
