/** Phrases that the documentation avoids, each with what to write in its place. */
export const PHRASES: ReadonlyArray<readonly [RegExp, string]> = [
  [/\b(?:go|goes|went|gone|going) on (?:with|from)\b/i, 'resume'],
  [/\btaken up\b/i, 'resumed'],
  [/\bbegun again\b/i, 'restarted'],
  [/\b(?:is|are|be) told\b|\btells? (?:of|what|how|whether|which)\b/i, 'report, give, pass'],
  [/\bbehind\b/i, 'after'],
  [/\bbeside\b/i, 'next to'],
  [/\bstands? (?:in|at|there|before|between|around)\b/i, 'is'],
  [/\bhangs? on\b/i, 'depends on'],
  [/\bof (?:one's|its|their|your|our) own\b(?! [a-z])(?!:)/i, 'custom, own'],
  [/\bone's own\b/i, 'custom, own'],
  [/\b(?:whoever|whichever|whosoever)\b/i, 'anyone who, which'],
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
export function phrasesIn (name: string, text: string): string[] {
  return text.split('\n').flatMap((line, i) => PHRASES.flatMap(([phrase, instead]) => {
    const found = phrase.exec(line)
    return found === null ? [] : [`${name}:${i + 1}: ${found[0]}; write: ${instead}`]
  }))
}
