import { drawing } from './draw.ts'

const CLAUSE_END = /(?<=[、。，；！？：])/u
const MAX_CLAUSES = 4
/** This many repeated lines in a row end the recombination: there are hardly any new ones then. */
const MAX_REPEATS = 100

/**
 * Lines of a language without spaces, recombined from the clauses of real lines, until there are `bytes` of UTF-8. No
 * line occurs twice.
 */
export function * recombined (lines: readonly string[], bytes: number, seed?: number): Generator<string> {
  const clauses = lines.flatMap(line => line.split(CLAUSE_END)).filter(clause => clause.trim() !== '')
  if (clauses.length < MAX_CLAUSES) return
  const draw = drawing(seed)
  const made = new Set<string>()
  let written = 0
  for (let repeats = 0; written < bytes && repeats < MAX_REPEATS;) {
    const count = 2 + draw(MAX_CLAUSES - 1)
    const line = Array.from({ length: count }, () => clauses[draw(clauses.length)]!).join('')
    if (made.has(line)) {
      repeats++
      continue
    }
    repeats = 0
    made.add(line)
    written += Buffer.byteLength(line)
    yield line
  }
}
