import { MASK } from '../errors.ts'

const OWNERS = 'access|api|auth|client|hf|private|secret|x-amz|x-amz-security'
const SECRET_NAMES =
  'token|password|passwd|secret|signature|sig|credential|key_?secret|(?:api|secret|access|private)[_-]?key'

/**
 * The first group of each is kept, the rest of the match is the secret. Minimal lengths are chosen so that no name of a
 * dataset matches. No pattern scans the same characters from many positions, so that matching takes linear time.
 */
const SECRETS: readonly RegExp[] = [
  // https://user:password@host, https://token@host
  /(:\/\/)[^\s/"'<>]+(?=@)/g,
  // the Hugging Face Hub: 34 letters and digits; shorter ones must have a digit or a capital
  /(\bhf_)(?:[A-Za-z0-9]{20,}|(?=[a-z]*[A-Z0-9])[A-Za-z0-9]{8,})/g,
  // its OAuth and organization tokens; a JWT, which starts with the base64 of `{"`
  /(\b(?:hf_(?:oauth|jwt)_|api_org_))[\w.-]{8,}/g,
  /(?<![\w-])(?=[\w-]+\.[\w-]{8,}\.)([\w-]*?\beyJ)[\w-]{8,}\.[\w-]{8,}\.[\w-]*/g,
  // GitHub, GitLab, Slack, OpenAI, AWS
  /(\b(?:gh[pousr]_|github_pat_|glpat-|xox[abprs]-)|\bsk-(?=[\w-]{40})|\bA[KS]IA(?=[A-Z0-9]{16}\b))[\w-]{16,}/g,
  /(\bBearer +)[\w.~+/=-]{8,}/gi,
  // parameters of CloudFront's signed URLs, besides Signature
  /([?&](?:Policy|Key-Pair-Id)=)[^\s"'&,}\]#]{4,}/gi,
  // ?token=…, HF_TOKEN=…, X-Amz-Signature=…, # password: …
  new RegExp(String.raw`(\b(?:(?:${OWNERS})[_-]){0,4}(?:${SECRET_NAMES})["']?[ \t]*[=:][ \t]*["']?)` +
    String.raw`(?!\w*MASKED|\w+:\/\/)[^\s"'&,}\]#]{4,}`, 'gi')
]

/** Masks passwords and tokens in a text that can be recognized by their form, and counts them. */
export function maskSecrets (text: string): { readonly text: string, readonly masked: number } {
  let masked = 0
  const without = SECRETS.reduce((left, pattern) => left.replace(pattern, (_match, kept: string) => {
    masked++
    return kept + MASK
  }), text)
  return { text: without, masked }
}
