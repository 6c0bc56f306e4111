import { execFileSync } from 'node:child_process'
import { symlinkSync } from 'node:fs'
import { join, relative } from 'node:path'
import fc from 'fast-check'
import { glob as tinyglobby } from 'tinyglobby'
import { findFiles } from '../../../lib/input/find.ts'
import { findByGlob, isLocalGlob } from '../../../lib/input/glob.ts'
import { failure, pattern, put, temporaryFolder } from '../../helpers.ts'
import { t } from '../../tap.ts'

const TREE = [
  'a.txt', 'b.txt', 'ab', '.a', 'a-b', 'a/a.txt', 'a/b/a.txt', 'a/b/b', 'a/.b/a.txt', 'b/a', 'b/a.b/b.txt', '.b/a.txt',
  'b/[a]', 'b/é', 'b/🚤'
]

/** The files that a glob finds in a folder, by their relative paths. */
async function found (folder: string, glob: string): Promise<string[]> {
  return (await findByGlob(join(folder, glob))).map(path => relative(folder, path))
}

t.test('globs are distinguished from plain paths', async t => {
  for (const glob of ['*', 'a?', '[a]', 'x/**', '{a,b}', 'a{1..3}', '{a,{b,c}}', 'a\\\\*']) {
    t.ok(isLocalGlob(glob), glob)
  }
  for (const path of ['a', 'a\\*', '{a}', '{}', '[', 'a]', '{a', 'a,b', '(a)']) t.notOk(isLocalGlob(path), path)
})

t.test('wildcards, sets and braces work as in a shell', async t => {
  const folder = temporaryFolder(t)
  for (const name of TREE) put(folder, name, '')
  for (const [glob, expected] of [
    ['*', ['a-b', 'a.txt', 'ab', 'b.txt']],
    ['.*', ['.a']],
    ['?.txt', ['a.txt', 'b.txt']],
    ['**/a.txt', ['a.txt', 'a/a.txt', 'a/b/a.txt']],
    ['a/**', ['a/a.txt', 'a/b/a.txt', 'a/b/b']],
    ['**/**/**/b', ['a/b/b']],
    ['a/**/a.txt', ['a/a.txt', 'a/b/a.txt']],
    ['{a,b}/a*', ['a/a.txt', 'b/a']],
    ['{b,a/{b,none}}/[ab]', ['a/b/b', 'b/a']],
    ['b/\\[a\\]', ['b/[a]']],
    ['b/[[]*', ['b/[a]']],
    ['b/[!a]', ['b/é', 'b/🚤']],
    ['b/[^a-z]', ['b/é', 'b/🚤']],
    ['b/?', ['b/a', 'b/é', 'b/🚤']],
    ['*/../*.txt', ['a.txt', 'b.txt']],
    ['a//./*.txt', ['a/a.txt']],
    ['none/*', []]
  ] as const) t.strictSame(await found(folder, glob), expected, glob)
  for (const name of ['part-08', 'part-09', 'part-10', 'part-1']) put(folder, name, '')
  t.strictSame(await found(folder, 'part-{08..10}'), ['part-08', 'part-09', 'part-10'])
  t.strictSame(await found(folder, 'part-{2..0}'), ['part-1'])
})

t.test('property: the files are those that tinyglobby finds', async t => {
  const folder = temporaryFolder(t)
  for (const name of TREE.slice(0, -1)) put(folder, name, '') // in tinyglobby, ? matches a code unit
  const part = fc.oneof(fc.constantFrom(
    '**', '*', 'a', 'b', '.*', '*.txt', '?', '[ab]', '{a,b}', '{a,b}.txt', '*.{txt,b}'
  ), fc.string({ unit: fc.constantFrom('a', 'b', '*', '?', '.'), minLength: 1, maxLength: 4 }))
  let all = 0
  // In tinyglobby, a/** also matches the file a, and .* and the like are special patterns.
  const globs = fc.array(part, { minLength: 1, maxLength: 4 })
    .filter(parts =>
      !parts.some(part => /^\.+$|\*\*.|.\*\*|\.[*?]/.test(part)) && (parts.at(-1) !== '**' || parts.length === 1))
  await fc.assert(fc.asyncProperty(globs, async parts => {
    const glob = parts.join('/')
    const expected = isLocalGlob(glob) ? (await tinyglobby(glob, { cwd: folder, expandDirectories: false })).sort() : []
    const files = isLocalGlob(glob) ? await found(folder, glob) : []
    all += files.length
    if (files.join() !== expected.join()) throw new Error(`${glob}: ${files.join()}, expected ${expected.join()}`)
  }), { numRuns: 300 })
  t.ok(all > 100, `${all} found`)
})

t.test('a file that links lead to as well is given once, by the path with the fewest links; cycles end', async t => {
  const folder = temporaryFolder(t)
  for (const name of ['data/a.txt', 'data/sub/b.txt', 'z/c.txt']) put(folder, name, name)
  symlinkSync('.', join(folder, 'data', 'again'))
  symlinkSync('..', join(folder, 'data', 'sub', 'up'))
  symlinkSync('../z', join(folder, 'data', 'other'))
  symlinkSync('a.txt', join(folder, 'data', '0.txt'))
  t.strictSame(await found(folder, 'data/**'), ['data/a.txt', 'data/other/c.txt', 'data/sub/b.txt'])
  t.strictSame(await found(folder, '**/*.txt'), ['data/a.txt', 'data/sub/b.txt', 'z/c.txt'])
  t.strictSame(await found(folder, 'data/*.txt'), ['data/a.txt'])
  t.strictSame(await found(folder, 'data/{again,.}/*.txt'), ['data/a.txt'])
  t.strictSame(await found(folder, 'data/0*'), ['data/0.txt'], 'by the link if only the link matches')
  symlinkSync(join(folder, 'data'), join(folder, 'link'))
  t.strictSame(await found(folder, 'link/**/b*'), ['link/sub/b.txt'])
  t.strictSame(
    (await findFiles([join(folder, 'data/a.txt'), join(folder, 'data/a.txt')])).length, 2,
    'names that are given twice are read twice'
  )
})

t.test('a broken link is an error that names it, whether a glob or a path leads to it', async t => {
  const folder = temporaryFolder(t)
  put(folder, 'snapshots/a.parquet', '')
  symlinkSync('../blobs/none', join(folder, 'snapshots', 'b.parquet'))
  symlinkSync('c.parquet', join(folder, 'snapshots', 'c.parquet'))
  symlinkSync('nowhere', join(folder, 'snapshots', 'folder'))
  for (const glob of ['snapshots/*.parquet', '**/*.parquet', 'snapshots/{a,b,c}.parquet']) {
    const error = await failure(findFiles(join(folder, glob)))
    t.match(error, {
      code: 'ERR_FILES',
      message: pattern(
        /b\.parquet: is a link to \S+none, which doesn't exist; get that file.*\n.*c\.parquet: is a link to /,
        /c\.parquet/
      )
    })
    t.notMatch(error, { message: /folder/ })
  }
  t.match(await failure(findFiles(join(folder, 'snapshots/b.parquet'))), {
    code: 'ERR_FILES', message: /b\.parquet: is a link to \.\.\/blobs\/none, which doesn't exist/
  })
  t.strictSame(await found(folder, 'snapshots/*/x'), [], 'a link in place of a folder does not match')
  put(folder, 'blobs/none', '')
  t.strictSame(await found(folder, 'snapshots/[ab]*'), ['snapshots/a.parquet', 'snapshots/b.parquet'])
})

t.test('names that a backtracking matcher can\'t handle are matched at once', async t => {
  const folder = temporaryFolder(t)
  put(folder, 'a'.repeat(250), '')
  put(folder, 'a/'.repeat(30) + 'a', '')
  t.strictSame(await found(folder, '*a'.repeat(60) + '*b'), [])
  t.strictSame(await found(folder, '**/a/'.repeat(30) + 'b'), [])
  t.strictSame(await found(folder, '{a,aa}'.repeat(3) + 'b*'), [])
  t.strictSame(await found(folder, '{'.repeat(2000) + '*'), [])
})

t.test('globs that are too long, have too many stars or alternatives, or unknown patterns are refused', async t => {
  for (const [glob, message] of [
    ['*' + 'a'.repeat(4096), /^\*a+…: the glob has 4097 characters and 1 stars, expected at most 4096 and 64$/],
    ['*a'.repeat(65), /has 130 characters and 65 stars/],
    ['{a,b}'.repeat(10) + '*', /its braces expand to more than 1000 globs/],
    ['{1..999999999}', /its braces expand to more than 1000 globs/],
    [
      '@(a|b)*.txt',
      /^@\(a\|b\)\*\.txt: @\(a\|b\) is not supported in a glob; write \{a,b\} for alternatives, and \\\( for a paren/
    ]
  ] as const) t.match(await failure(findFiles(glob)), { code: 'ERR_FILES', message })
})

t.test('a signal stops the search', async t => {
  const stop = new AbortController()
  stop.abort()
  await t.rejects(findFiles('**/*.none', { signal: stop.signal }), { name: 'AbortError' })
})

t.test('a pipe that a glob matches is left out', async t => {
  const folder = temporaryFolder(t)
  execFileSync('mkfifo', [join(folder, 'a')])
  put(folder, 'b', '')
  t.strictSame(await found(folder, '*'), ['b'])
})
