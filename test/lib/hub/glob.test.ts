import t from 'tap'
import { compileGlob, isGlob } from '../../../lib/hub/glob.ts'

function matching (glob: string, paths: readonly string[]): string[] {
  return paths.filter(compileGlob(glob))
}

t.test('what a glob is', async t => {
  for (const glob of ['*', 'a?', '[a]', 'x/**']) t.ok(isGlob(glob), glob)
  for (const path of ['a', 'a{b,c}', 'a!(b)', 'a]']) t.notOk(isGlob(path), path)
})

t.test('* and ? stay within a folder, and take hidden names; ** takes folders, none too', async t => {
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

t.test('sets are those of fnmatch', async t => {
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
  t.strictSame(matching('a[!x]b', paths), [], 'a set that would take a slash takes no folder')
  t.strictSame(matching('[', paths), ['['], 'a set that isn\'t closed means itself')
  t.strictSame(matching('[]', ['[]', ']']), ['[]'])
  t.strictSame(matching('[a', ['[a', 'a']), ['[a'])
})

t.test('everything else means itself', async t => {
  const paths = ['{a,b}.txt', 'a.txt', 'a+(b)*', '@(a)|$^.x', 'x.y', 'xzy', 'a\\b']
  t.strictSame(matching('{a,b}.*', paths), ['{a,b}.txt'])
  t.strictSame(matching('a+(b)?', paths), ['a+(b)*'])
  t.strictSame(matching('@(a)|$^.?', paths), ['@(a)|$^.x'])
  t.strictSame(matching('x.?', paths), ['x.y'])
  t.strictSame(matching('a\\?', paths), ['a\\b'])
})

t.test('** beside other characters can\'t be read', async t => {
  t.throws(() => compileGlob('data/**.csv'), { code: 'ERR_DATASET', message: /"data\/\*\*\.csv".*\*\*\/\*\.parquet/ })
})
