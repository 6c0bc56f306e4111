import { t } from '../../tap.ts'
import { scriptNumbers, scriptTable } from '../../../lib/trainer/scripts.ts'
import { Draw, buildOf, isValidPiece, wordsOf } from './corpora.ts'

type Rule = Parameters<typeof isValidPiece>[1]

const DEFAULTS: Rule = {
  maxSentencepieceLength: 16,
  splitByUnicodeScript: true,
  splitByNumber: true,
  splitDigits: false,
  splitByWhitespace: true
}

/** The longest piece at each position of a line; the space before the line is the first. */
function lengthsOf (line: string, changes: Partial<Rule> = {}): number[] {
  const { lengths } = buildOf(line, { ...DEFAULTS, ...changes })
  return [...lengths.subarray(0, -1)]
}

t.test('pieces are split at scripts, numbers and spaces', t => {
  const cases: ReadonlyArray<readonly [string, Partial<Rule>, readonly number[]]> = [
    ['abc', {}, [4, 3, 2, 1]],
    ['abc', { maxSentencepieceLength: 2 }, [2, 2, 2, 1]],
    ['abc', { maxSentencepieceLength: 1 }, [1, 1, 1, 1]],
    ['aя', {}, [2, 1, 1]],
    ['aя', { splitByUnicodeScript: false }, [3, 2, 1]],
    ['a1', {}, [2, 1, 1]],
    ['1.', {}, [3, 2, 1]],
    ['a1', { splitByNumber: false }, [3, 2, 1]],
    ['a1я', { splitByNumber: false }, [4, 3, 2, 1]],
    ['a1', { splitByUnicodeScript: false }, [3, 2, 1]],
    ['a12', { splitDigits: true }, [2, 1, 1, 1]],
    ['12', { splitDigits: true }, [1, 1, 1]],
    ['a12b', { splitDigits: true, splitByNumber: false, splitByUnicodeScript: false }, [2, 1, 1, 1, 1]],
    ['１２', { splitDigits: true }, [1, 1, 1]],
    ['a\u0301\u0301b', {}, [5, 4, 3, 2, 1]],
    ['a\u0301я', {}, [3, 2, 2, 1]],
    ['\u03011', { splitDigits: true }, [2, 1, 1]],
    ['ひカ漢ー', {}, [5, 4, 3, 2, 1]],
    ['漢a', {}, [2, 1, 1]],
    ['a-b', {}, [2, 1, 1, 1]],
    ['a b', { splitByWhitespace: false }, [4, 3, 2, 1]],
    ['a я', { splitByWhitespace: false }, [3, 2, 2, 1]]
  ]
  for (const [line, changes, expected] of cases) {
    t.same(lengthsOf(line, changes), expected, `${line} ${JSON.stringify(changes)}`)
  }
  t.end()
})

t.test('no piece has an unknown character', t => {
  const { lengths, corpus } = buildOf('aaaa\naaaa\naaaa\naaba', { characterCoverage: 0.9 })
  const word = corpus.starts[1]!
  t.same([...lengths.subarray(word, word + 6)], [3, 2, 1, 0, 1, 0])
  t.end()
})

t.test('a piece is valid in SentencePiece as well, on random lines', t => {
  const draw = new Draw(3)
  for (let i = 0; i < 60; i++) {
    const rules: Rule = {
      maxSentencepieceLength: 1 + draw.below(8),
      splitByUnicodeScript: draw.below(3) > 0,
      splitByNumber: draw.below(2) > 0,
      splitDigits: draw.below(3) === 0,
      splitByWhitespace: draw.below(2) > 0
    }
    const line = draw.text([...'aabя1１2 .\u0301カ漢ーひ'], 1 + draw.below(60))
    const built = buildOf(line, rules)
    const wrong: string[] = []
    for (const [number, { word }] of wordsOf(built).entries()) {
      for (let from = 0; from < word.length; from++) {
        const most = built.lengths[built.corpus.starts[number]! + from]!
        for (let to = from + 1; to <= word.length; to++) {
          const piece = word.slice(from, to)
          // Those that end with a space are skipped when pieces are collected.
          const isLeftOut = piece.length > 1 && piece.at(-1) === '\u2581'
          if (!isLeftOut && isValidPiece(piece, rules) !== (to - from <= most)) wrong.push(piece.join(''))
        }
      }
    }
    t.same(wrong, [], `${JSON.stringify(line)} ${JSON.stringify(rules)}`)
  }
  t.end()
})

t.test('scripts are those of SentencePiece 0.1.97', t => {
  const table = scriptTable()
  const names = new Map([...scriptNumbers].map(([name, number]) => [number, name]))
  const scripts: Readonly<Record<string, string>> = {
    a: 'Latin',
    z: 'Latin',
    é: 'Latin',
    я: 'Cyrillic',
    α: 'Greek',
    あ: 'Hiragana',
    ア: 'Katakana',
    漢: 'Han',
    '\u{20000}': 'Han',
    한: 'Hangul',
    ا: 'Arabic',
    ก: 'Thai',
    '\u0301': 'Inherited',
    '\u0e3f': ''
  }
  for (const [character, script] of Object.entries(scripts)) {
    t.equal(names.get(table[character.codePointAt(0)!]!) ?? '', script, character)
  }
  for (const character of '1. ー') t.equal(table[character.codePointAt(0)!], 0, `${character} is common`)
  t.equal(new Set(table).size, scriptNumbers.size + 1, 'each script has characters')
  t.end()
})
