type Phrases = ReadonlyArray<readonly [RegExp, string]>

/** Phrases that code avoids too, in comments, messages and titles of tests, each with what to write in its place. */
export const PHRASES_EVERYWHERE: Phrases = [
  [/\bgone on with\b/i, 'resumed'],
  [/\b(?:is|are|be) told\b/i, 'report, give, pass'],
  [/\bhangs on\b/i, 'depends on'],
  [/\bone\\?'s own\b/i, 'custom, own'],
  [/\b(?:whoever|whosoever)\b/i, 'anyone who']
]

/** Phrases that the documentation avoids. */
const PHRASES: Phrases = [
  ...PHRASES_EVERYWHERE,
  [/\b(?:go|goes|went|going) on (?:with|from)|\bgone on from\b/i, 'resume'],
  [/\btaken up\b/i, 'resumed'],
  [/\bbegun again\b/i, 'restarted'],
  [/\btells? (?:of|what|how|whether|which)\b/i, 'report, give, pass'],
  [/\bbehind\b/i, 'after'],
  [/\bbeside\b/i, 'next to'],
  [/\bstands? (?:in|at|there|before|between|around)\b/i, 'is'],
  [/\bof (?:one's|its|their|your|our) own\b(?! [a-z])(?!:)/i, 'custom, own'],
  [/\bhang on\b/i, 'depend on'],
  [/\bwhichever\b/i, 'which'],
  [/\bis to be\b|\bare to be\b/i, 'must, should'],
  [/\bas often as not\b|\bup to now\b|\bnearly all\b|\bend piece\b/i, 'plain words: so far, almost all, EOS token'],
  [/\blooked? at again\b/i, 'reprocessed, checked again'],
  [/\broom on the disk\b/i, 'disk space'],
  [/\bmended\b/i, 'fixed'],
  [/\basked for\b|\basks for\b/i, 'requested, requires'],
  [/\bwhat it takes\b|\bmakes none\b/i, 'cost, returns none'],
  [/\bno more than\b/i, 'at most']
]

/** The phrases in a text that are to be avoided, each with its line and what to write instead. */
export function phrasesIn (name: string, text: string, phrases = PHRASES): string[] {
  return text.split('\n').flatMap((line, i) => phrases.flatMap(([phrase, instead]) => {
    const found = phrase.exec(line)
    return found === null ? [] : [`${name}:${i + 1}: ${found[0]}; write: ${instead}`]
  }))
}
