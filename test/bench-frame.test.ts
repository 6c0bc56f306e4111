/** The parts of the benchmarks that measure nothing: corpora, arguments, and what is printed. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { drawing } from './bench/corpora/draw.ts'
import { Renamer, enlarged } from './bench/corpora/enlarge.ts'
import { recombined } from './bench/corpora/recombine.ts'
import { WordCounter, newShare, newWordsPerMegabyte } from './bench/corpora/word-counter.ts'
import { WrongCall, readArguments } from './bench/frame/arguments.ts'
import { barsOf, barsTable, isReached, jsonOfBar } from './bench/frame/bars.ts'
import { buildCommit } from './bench/frame/compare.ts'
import { Inputs } from './bench/frame/inputs.ts'
import { jsonOf } from './bench/frame/json.ts'
import { duration } from './bench/frame/progress.ts'
import type { RowResult, Sample, SideResult } from './bench/frame/row.ts'
import { inTurn } from './bench/frame/run.ts'
import { digestOfShards } from './bench/frame/shards.ts'
import { comparedTable, corporaTable, rowsTable } from './bench/frame/table.ts'
import { PARTS } from './bench/parts.ts'
import { ROWS } from './bench/rows/rows.ts'
import { temporaryFolder } from './helpers.ts'
import { t } from './tap.ts'

/** Texts whose words recur like those of prose: a few are frequent, most are rare. */
function prose (seed: number): string[] {
  const draw = drawing(seed)
  const letters = (count: number): string =>
    Array.from({ length: count }, () => String.fromCharCode(0x61 + draw(26))).join('')
  const rare = Array.from({ length: 20_000 }, () => letters(4 + draw(8)))
  const frequent = Array.from({ length: 1000 }, () => letters(2 + draw(4)))
  const word = (): string => draw(2) === 0 ? frequent[draw(frequent.length)]! : rare[draw(rare.length)]!
  return Array.from({ length: 200 }, (_, i) =>
    `${i}:\n\t${Array.from({ length: 200 }, () => word()).join(' ')}`)
}

t.test('an enlarged text begins with the original and keeps its share of new words', async t => {
  const texts = prose(1)
  const counter = new WordCounter()
  for (const text of texts) counter.add(text)
  const original = counter.endPart()
  const further = [...enlarged(texts, 2 * original.bytes)].slice(texts.length)
  for (const text of further) counter.add(text)
  const made = counter.endPart()
  t.ok(original.newWords > 5000, 'the original has rare words')
  t.ok(Math.abs(newShare(made) / newShare(original) - 1) < 0.1, `${newShare(made)} is close to ${newShare(original)}`)
  t.ok(newWordsPerMegabyte(made) > 0.9 * newWordsPerMegabyte(original), 'the share per MB is close too')
  t.ok(further.every((text, i) => text.length === texts[i]!.length), 'each word has the length of the one it replaces')
  t.ok(further.every((text, i) => text.split('\n\t').length === texts[i]!.split('\n\t').length), 'white space is kept')
})

t.test('a recurring word is replaced by the same word within a copy, and by another in the next copy', async t => {
  const texts = [...prose(2), 'Quicksilver quicksilver, (quicksilver) Quicksilver']
  const renamer = new Renamer(texts)
  const [first, second] = [[...renamer.copy(texts)].at(-1)!, [...renamer.copy(texts)].at(-1)!]
  const [a, , , b] = first.split(' ')
  t.equal(a, b)
  t.match(first, /^[A-Z][a-z]+ [a-z]+, \([a-z]+\) [A-Z][a-z]+$/)
  t.not(first, texts.at(-1))
  t.not(first, second)
})

t.test('the same seed makes the same text, and another seed makes another text', async t => {
  const texts = prose(3)
  const bytes = 400_000
  const of = (seed?: number): string[] => [...enlarged(texts, bytes, seed)]
  t.strictSame(of(7), of(7))
  t.strictSame(of(), of())
  t.not(of(7).join(''), of(8).join(''))
})

t.test('lines without spaces are recombined from clauses, and no line occurs twice', async t => {
  const lines = ['一二，三四。五六！', '七八，九十。', '甲乙、丙丁；戊己']
  const clauses = ['一二，', '三四。', '五六！', '七八，', '九十。', '甲乙、', '丙丁；', '戊己']
  const made = [...recombined(lines, 5000)]
  t.ok(made.join('').length > 1000)
  t.equal(new Set(made).size, made.length)
  const ofClauses = new RegExp(`^(?:${clauses.join('|')}){2,}$`)
  t.strictSame(made.filter(line => !ofClauses.test(line)), [])
  t.strictSame([...recombined(lines, 5000)], made)
  t.strictSame([...recombined(['一'], 5000)], [], 'a line that is too short to recombine is left out')
  t.ok([...recombined(['一，二，三，四'], 1e9)].length > 100, 'recombining ends when no new line can be made')
})

const NAMES = ['read-ndjson', 'read-gz', 'encode']

t.test('arguments are parsed, with their defaults', async t => {
  const flags = { quick: false, json: false, help: false }
  const defaults = { only: [], runs: null, tolerance: 0, compare: null, mb: null, ...flags }
  t.strictSame(readArguments([], NAMES), defaults)
  const given = '--only read --only encode --runs 3 --tolerance 25 --compare HEAD~1 --mb 8 --json'
  t.strictSame(readArguments(given.split(' '), NAMES), {
    ...defaults, only: ['read', 'encode'], runs: 3, tolerance: 0.25, compare: 'HEAD~1', mb: 8, json: true
  })
})

t.test('a wrong call is answered with the valid choices', async t => {
  const wrong = (...args: readonly string[]): string => {
    try {
      readArguments(args, NAMES)
    } catch (error) {
      if (error instanceof WrongCall) return error.message
    }
    return 'accepted'
  }
  t.match(wrong('--only', 'reed'), 'no row or part is named reed; expected read-ndjson, read-gz, encode')
  t.match(wrong('--only', 'rea'), 'no row or part')
  t.match(wrong('--runs', '0'), '--runs: expected a whole number of at least 1, got 0')
  t.match(wrong('--tolerance', '150'), 'a percentage below 100')
  t.match(wrong('--mb', '-1'), /--mb/)
  t.match(wrong('--compare='), '--compare: expected a commit, got ""')
  t.match(wrong('--fast'), '--fast')
  t.match(wrong('read'), 'read')
})

t.test('row names are unique, and no row name is a part of another', async t => {
  const names = [...ROWS, ...PARTS].map(({ name }) => name)
  t.equal(new Set(names).size, names.length)
  t.ok(ROWS.every(({ seconds }) => seconds > 0))
  t.ok(PARTS.every(part => part.seconds({ quick: true, runs: 1 }) > 0))
})

const sample = (cpu: number, warm?: number): Sample =>
  ({ cpu, wall: 2 * cpu, count: 7, ...warm !== undefined && { warm: { cpu: warm, wall: warm } } })

const RESULT: RowResult = {
  name: 'read-ndjson',
  about: 'read NDJSON',
  corpus: 'web',
  of: 'file',
  bytes: 10e6,
  sides: [
    { name: 'sluice', kind: 'sluice', samples: [sample(0.2, 0.05), sample(0.1, 0.04)] },
    { name: 'split2', kind: 'rival', samples: [sample(0.4)] },
    { name: 'newlines', kind: 'limit', samples: [sample(0.05)] }
  ],
  skipped: []
}
const WORDS = { bytes: 2e6, words: 1000, newWords: 200 }
const CORPUS = {
  name: 'web',
  source: 'a file',
  path: 'web.ndjson',
  fileBytes: 3e6,
  documents: 5,
  textBytes: 4e6,
  original: WORDS,
  made: WORDS
} as const
const MACHINE = { cpu: 'a CPU', cores: 2, memoryGb: 4, node: '20.0.0', platform: 'linux x64', commit: 'abc' }

t.test('results are printed as JSON', async t => {
  const compared = { commit: 'def', rows: [RESULT] }
  const parts = { verify: {} }
  const results = {
    machine: MACHINE, runs: 2, corpora: [CORPUS], rows: [RESULT], bars: [], compared, parts, skipped: ['x: y']
  }
  const json = JSON.parse(JSON.stringify(jsonOf(results))) as ReturnType<typeof jsonOf>
  t.match(json, {
    machine: { cpu: 'a CPU', cores: 2, memory_gb: 4, commit: 'abc' },
    runs: 2,
    corpora: [{ name: 'web', text_bytes: 4e6, original: { words: 1000, new_share: 0.2, new_words_per_mb: 100 } }],
    rows: [{
      name: 'read-ndjson',
      mb_of: 'file',
      sides: [
        { name: 'sluice', cpu_seconds: 0.1, mb_per_cpu_second: 100, warm: { mb_per_cpu_second: 250 }, ratio: 1 },
        { name: 'split2', kind: 'rival', wall_seconds: 0.8, warm: null, ratio: 4 },
        { kind: 'limit', ratio: 0.5 }
      ]
    }],
    compare: { commit: 'def' },
    parts: { verify: {} },
    skipped: ['x: y']
  })
})

t.test('results are printed as a table', async t => {
  const rows = rowsTable([RESULT])
  t.match(rows, /read NDJSON +web +10\.0 +sluice +100\.0 +250\.0 +0\.100 +0\.200/)
  t.match(rows, /split2 +25\.0 +0\.400 +0\.800 +4\.00/)
  t.match(rows, /limit: newlines/)
  const compared = comparedTable({ commit: 'def', rows: [{ ...RESULT, sides: RESULT.sides.slice(0, 2) }] })
  t.match(compared, /at def/)
  t.match(compared, /read NDJSON +web +sluice +100\.0 +25\.0 +0\.100 +0\.400 +4\.00/)
  t.match(corporaTable([CORPUS]), /the same with other words +2\.0 +1,000 +20\.0 % +100/)
  t.equal(duration(42), 'about 45 s')
  t.equal(duration(421), 'about 8 minutes')
})

const encoded = (digest: string, cpu: number, warm?: number): Sample => ({ ...sample(cpu, warm), digest })

const ENCODED: RowResult = {
  ...RESULT,
  name: 'encode-web',
  sides: [
    {
      name: 'sluice',
      kind: 'sluice',
      bars: [{ of: 'seconds', wanted: 0.11 }],
      samples: [{ ...encoded('a', 0.125, 0.03125), path: 'kernel' }]
    },
    {
      name: 'rival',
      kind: 'rival',
      bars: [{ of: 'cold', wanted: 3 }, { of: 'warm', wanted: 4 }],
      samples: [encoded('a', 0.75, 0.109375), encoded('a', 0.5)]
    },
    { name: 'other', kind: 'rival', bars: [{ of: 'cold', wanted: 1.5 }], samples: [encoded('b', 0.375)] },
    { name: 'not warm', kind: 'rival', bars: [{ of: 'warm', wanted: 1 }], samples: [encoded('a', 0.3)] }
  ]
}

t.test('a bar compares the best runs of two sides, and requires the same ids', async t => {
  const bars = barsOf([ENCODED])
  t.match(bars, [
    { side: 'sluice', of: 'seconds', value: 0.125, isExact: null, path: 'kernel' },
    { side: 'rival', of: 'cold', value: 4, wanted: 3, isExact: true, path: 'kernel' },
    { side: 'rival', of: 'warm', value: 3.5, wanted: 4, isExact: true },
    { side: 'other', of: 'cold', isExact: false }
  ])
  t.equal(bars.length, 4, 'what was not measured has no bar')
  t.strictSame(bars.map(bar => isReached(bar)), [false, true, false, false])
  t.strictSame(bars.map(bar => isReached(bar, 0.25)), [true, true, true, false], 'no tolerance for other ids')
  const report = barsTable(bars)
  t.match(report, /encode-web +web +kernel +rival +cold +4\.00 +3 +equal +reached/)
  t.match(report, /rival +warm +3\.50 +4 +equal +missed/)
  t.match(report, /other +cold +3\.00 +1\.5 +differ +not exact/)
  t.match(jsonOfBar(bars[1]!), {
    row: 'encode-web', beside: 'rival', path: 'kernel', of: 'cold', wanted: 3, exact: true, reached: true
  })
})

t.test('ids that are not hashed are neither equal nor different', async t => {
  const side: SideResult = { name: 'rival', kind: 'rival', bars: [{ of: 'cold', wanted: 1 }], samples: [sample(1)] }
  const [bar] = barsOf([{ ...ENCODED, sides: [ENCODED.sides[0]!, side] }]).slice(1)
  t.match(bar, { isExact: null, value: 8 })
  t.ok(isReached(bar!))
})

t.test('shards are compared by their names and ids, not by their headers', async t => {
  const [a, b, c] = [temporaryFolder(t), temporaryFolder(t), temporaryFolder(t)]
  const shard = (header: string, ids: string): string => header.padEnd(128) + ids
  mkdirSync(join(b, 'deep'))
  writeFileSync(join(a, 'shard_00000.npy'), shard('one', 'ids'))
  writeFileSync(join(b, 'deep', 'shard_00000.npy'), shard('two', 'ids'))
  writeFileSync(join(c, 'shard_00000.npy'), shard('one', 'other'))
  t.equal(await digestOfShards(a), await digestOfShards(b))
  t.not(await digestOfShards(a), await digestOfShards(c))
  await t.rejects(digestOfShards(temporaryFolder(t)), /expected \.npy files/)
})

t.test('sides run in turn; one that fails is left out, and one that is slow runs once', async t => {
  const calls: string[] = []
  const side = (name: string, cpu: number, fails = false) => async (): Promise<Sample> => {
    calls.push(name)
    if (fails) throw Object.assign(new Error('exit code 1'), { stderr: 'Traceback\nImportError: no module\n' })
    return await Promise.resolve(sample(cpu))
  }
  const sides = [side('a', 1), side('b', 9), side('c', 1, true)]
  const { samples, failed } = await inTurn(sides, { runs: 3, areSlowOnce: true }, i => i === 2)
  t.strictSame(calls, ['a', 'b', 'c', 'a', 'a'])
  t.strictSame(samples.map(({ length }) => length), [3, 1, 0])
  t.strictSame(failed, [[2, 'ImportError: no module']])
  await t.rejects(inTurn(sides, { runs: 1, areSlowOnce: false }, () => false), { message: 'exit code 1' })
})

t.test('a row without a rival has a reason, and its first side is sluice', async t => {
  const inputs = new Inputs(temporaryFolder(t), { python: undefined })
  const row = ROWS.find(({ name }) => name === 'npy')!
  const { sides, skipped } = await row.prepare(inputs)
  t.strictSame(sides.map(({ kind }) => kind), ['sluice', 'limit'])
  t.strictSame(skipped, ['Python (numpy) is not installed'])
})

t.test('a commit that git does not know is a usage error', async t => {
  const message = '--compare: git knows no commit no-such-commit'
  await t.rejects(buildCommit('no-such-commit', temporaryFolder(t)), { message })
})
