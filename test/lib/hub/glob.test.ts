import fc from 'fast-check'
import { t } from '../../tap.ts'
import { compileGlob, isGlob, matchingBudget } from '../../../lib/hub/glob.ts'
import { dataFilesOf, filesMatching } from '../../../lib/hub/patterns.ts'
import '../../helpers.ts' // the seed of the properties

function matching (glob: string, paths: readonly string[]): string[] {
  return paths.filter(compileGlob(glob))
}

t.test('globs are distinguished from plain paths', async t => {
  for (const glob of ['*', 'a?', '[a]', 'x/**']) t.ok(isGlob(glob), glob)
  for (const path of ['a', 'a{b,c}', 'a!(b)', 'a]']) t.notOk(isGlob(path), path)
})

t.test('* and ? match within a folder, including hidden names; ** matches folders, including none', async t => {
  const paths = ['a.txt', '.b.txt', 'x/a.txt', 'x/y/a.txt', 'x/y']
  t.strictSame(matching('*', paths), ['a.txt', '.b.txt'])
  t.strictSame(matching('*.txt', paths), ['a.txt', '.b.txt'])
  t.strictSame(matching('?.txt', paths), ['a.txt'])
  t.strictSame(matching('**', paths), paths)
  t.strictSame(matching('**/a.txt', paths), ['a.txt', 'x/a.txt', 'x/y/a.txt'])
  t.strictSame(matching('x/**', paths), ['x/a.txt', 'x/y/a.txt', 'x/y'])
  t.strictSame(matching('x/**/a.txt', paths), ['x/a.txt', 'x/y/a.txt'])
  t.strictSame(matching('*/*', paths), ['x/a.txt', 'x/y'])
  t.strictSame(matching('x/?', paths), ['x/y'])
  t.strictSame(matching('a.txt', paths), ['a.txt'])
})

t.test('sets match as in fnmatch', async t => {
  const paths = ['a', 'b', 'c', 'd', '-', ']', '^', '[', '!', 'é', '🚤', 'ab', 'a/b']
  t.strictSame(matching('[a-c]', paths), ['a', 'b', 'c'])
  t.strictSame(matching('[!a-c]', paths), ['d', '-', ']', '^', '[', '!', 'é', '🚤'])
  t.strictSame(matching('[]a]', paths), ['a', ']'])
  t.strictSame(matching('[!]a]', paths), ['b', 'c', 'd', '-', '^', '[', '!', 'é', '🚤'])
  t.strictSame(matching('[^a]', paths), ['a', '^'])
  t.strictSame(matching('[a-]', paths), ['a', '-'])
  t.strictSame(matching('[-a]', paths), ['a', '-'])
  t.strictSame(matching('[a-b-d]', paths), ['a', 'b', 'd', '-'])
  t.strictSame(matching('[d-a]', paths), [], 'a range that ends before it starts')
  t.strictSame(matching('[!d-a]', paths), ['a', 'b', 'c', 'd', '-', ']', '^', '[', '!', 'é', '🚤'])
  t.strictSame(matching('[🚣-🚥]', paths), ['🚤'])
  t.strictSame(matching('?', paths), ['a', 'b', 'c', 'd', '-', ']', '^', '[', '!', 'é', '🚤'])
  t.strictSame(matching('a[!x]b', paths), [], 'a set that contains a slash matches no folder')
  t.strictSame(matching('[', paths), ['['], 'an unclosed set is literal')
  t.strictSame(matching('[]', ['[]', ']']), ['[]'])
  t.strictSame(matching('[a', ['[a', 'a']), ['[a'])
})

t.test('all other characters are literal', async t => {
  const paths = ['{a,b}.txt', 'a.txt', 'a+(b)*', '@(a)|$^.x', 'x.y', 'xzy', 'a\\b']
  t.strictSame(matching('{a,b}.*', paths), ['{a,b}.txt'])
  t.strictSame(matching('a+(b)?', paths), ['a+(b)*'])
  t.strictSame(matching('@(a)|$^.?', paths), ['@(a)|$^.x'])
  t.strictSame(matching('x.?', paths), ['x.y'])
  t.strictSame(matching('a\\?', paths), ['a\\b'])
})

t.test('** next to other characters is refused', async t => {
  t.throws(() => compileGlob('data/**.csv'), { code: 'ERR_DATASET', message: /"data\/\*\*\.csv".*\*\*\/\*\.parquet/ })
})

/** fsspec's way to match: a backtracking expression, which is slow for many stars. */
function expressionOf (glob: string): RegExp {
  const escape = (text: string): string => text.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&').replaceAll('-', '\\x2d')
  const setOf = (set: string, isNegated: boolean): string => {
    let members = ''
    for (let i = 0; i < set.length; i++) {
      const last = set[i + 1] === '-' ? set[i + 2] : undefined
      if (last === undefined) members += escape(set[i]!)
      else if (set[i]! <= last) members += `${escape(set[i]!)}-${escape(last)}`
      if (last !== undefined) i += 2
    }
    return isNegated ? `[^${members}]` : `[${members}]`
  }
  const parts = glob.split('/')
  const expressions = parts.map((part, i) => {
    const isLast = i === parts.length - 1
    if (part === '**') return isLast ? '.*' : '(?:.+/)?'
    const own = part.replace(/\*|\?|\[(!?)(\]?[^\]]*)\]|[^*?[]+|\[/gsu, (
      token,
      not: string | undefined,
      set: string | undefined
    ) => {
      if (token === '*') return '[^/]*'
      if (token === '?') return '[^/]'
      return set === undefined || set === '' ? escape(token) : setOf(set, not === '!')
    })
    return (part === '*' ? '[^/]+' : own) + (isLast ? '' : '/')
  })
  return new RegExp(`^(?:${expressions.join('')})$`, 'su')
}

t.test('property: a glob matches the same paths as fsspec\'s expression', async t => {
  const part = fc.oneof(fc.constant('**'), fc.constant('*'), fc.string({
    unit: fc.constantFrom('a', 'b', '*', '?', '[', ']', '!', '-', '.'), maxLength: 6
  }).map(text => text.replace(/\*{2,}/g, '*')))
  const paths = fc.string({ unit: fc.constantFrom('a', 'b', '-', '.', '/', ']', '['), maxLength: 8 })
  let matched = 0
  fc.assert(fc.property(fc.array(part, { minLength: 1, maxLength: 4 }), fc.array(
    paths, { minLength: 20, maxLength: 20 }
  ), (parts, paths) => {
    const glob = parts.join('/')
    const depth = parts.includes('**') ? Infinity : parts.length
    const expected = isGlob(glob)
      ? paths.filter(path => expressionOf(glob).test(path) && path.split('/').length <= depth)
      : paths.filter(path => path === glob)
    const found = matching(glob, paths)
    matched += found.length
    if (found.join() !== expected.join()) {
      throw new Error(`${glob}: ${JSON.stringify(found)}, expected ${JSON.stringify(expected)}`)
    }
  }), { numRuns: 2000 })
  t.ok(matched > 1000, `${matched} matched`)
})

t.test('the cost of a glob is linear in its length times the path\'s', async t => {
  for (const [glob, path, fits] of [
    ['*a'.repeat(31) + '*b', 'a'.repeat(250), false],
    ['*a'.repeat(31) + '*b', 'a'.repeat(250) + 'b', true],
    ['**/*a*/'.repeat(8) + 'b', 'a/'.repeat(120), false],
    ['**/'.repeat(16) + 'b', 'a/'.repeat(120) + 'b', true],
    ['**/*a*a*a*a*a*a*a*a*a*a*a*a*a*b.parquet', 'a'.repeat(240) + '.parquet', false],
    [`*${'a'.repeat(1000)}b`, 'a'.repeat(4000), false]
  ] as const) {
    const budget = { left: 1e9 }
    t.equal(compileGlob(glob, budget)(path), fits, glob.slice(0, 50))
    const cost = 1e9 - budget.left
    t.ok(cost <= 2 * (glob.length + 2) * (path.length + 1), `${cost} steps`)
  }
})

t.test('globs that are too long, have too many stars, or are too many are refused by name', async t => {
  t.throws(() => compileGlob('*' + 'a'.repeat(1024)), {
    code: 'ERR_DATASET', message: /"\*a+…" has 1025 characters and 1 stars, expected at most 1024 and 32/
  })
  t.throws(() => compileGlob('*a'.repeat(33)), { code: 'ERR_DATASET', message: /has 66 characters and 33 stars/ })
  const files = Array.from({ length: 100 }, (_, i) => ({
    path: `${'a'.repeat(400)}${i}.parquet`, size: 1, sha256: null, oid: ''
  }))
  const budget = { left: 1e6 }
  t.strictSame(filesMatching(files, `*${'a'.repeat(20)}*b`, budget), [])
  t.throws(() => filesMatching(files, `*${'a'.repeat(20)}*a*b`, budget), {
    code: 'ERR_DATASET',
    message: /matching the globs, such as "\*a+\*a\*b", with the files of the dataset takes too long/
  })
  t.ok(matchingBudget().left <= 2e8)
})

t.test('plain paths are looked up, not matched', async t => {
  const files = Array.from(
    { length: 20_000 }, (_, i) => ({ path: `data/${i}.parquet`, size: 1, sha256: null, oid: '' })
  )
  const { files: found, empty } = dataFilesOf(files, [...files.map(({ path }) => path).reverse(), 'data/none.parquet'])
  t.equal(found.length, 20_000)
  t.equal(found[0]!.path, 'data/19999.parquet')
  t.strictSame(empty, ['data/none.parquet'])
})
