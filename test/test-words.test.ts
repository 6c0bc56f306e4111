/** The words of the tests: their titles and comments avoid the phrases that the documentation avoids. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import ts from 'typescript'
import { ROOT, filesIn } from './helpers.ts'
import { phrasesIn } from './phrases.ts'
import { t } from './tap.ts'

/** Files that quote the phrases. */
const QUOTING = ['docs.test.ts', 'phrases.ts', 'test-words.test.ts', 'words.test.ts']

/** The first argument of a call that is a title. In other assertions, the title comes after two values. */
const FIRST_TITLE: Readonly<Record<string, number>> = { check: 0, fail: 0, notOk: 1, ok: 1, pass: 0, skip: 0, test: 0 }
const AFTER_VALUES = 2

type Span = readonly [start: number, end: number]

const spanOf = (node: ts.Node): Span => [node.getStart(), node.end]
const isText = (node: ts.Node): boolean => ts.isStringLiteralLike(node) || ts.isTemplateExpression(node)
const blank = (text: string): string => text.replace(/[^\n]/g, ' ')

function titlesOf (node: ts.Node): readonly ts.Node[] {
  if (ts.isPropertyAssignment(node)) return ts.isStringLiteral(node.name) ? [node.name] : []
  if (!ts.isCallExpression(node) || !ts.isPropertyAccessExpression(node.expression)) return []
  const { expression, name } = node.expression
  const first = FIRST_TITLE[name.text] ?? (expression.getText() === 't' ? AFTER_VALUES : Infinity)
  return node.arguments.slice(first).filter(isText)
}

/**
 * Two copies of the text, with line breaks kept: one with everything outside the spans blanked, one with the spans
 * blanked.
 */
function split (text: string, spans: readonly Span[]): readonly [inside: string, outside: string] {
  let [inside, outside, at] = ['', '', 0]
  for (const [start, end] of spans.toSorted(([a], [b]) => a - b)) {
    if (start < at) continue // a literal in a template
    inside += blank(text.slice(at, start)) + text.slice(start, end)
    outside += text.slice(at, start) + blank(text.slice(start, end))
    at = end
  }
  return [inside + blank(text.slice(at)), outside + text.slice(at)]
}

/** Separates titles and comments of a TypeScript file from its code. */
function partsOf (text: string): { readonly words: string, readonly code: string } {
  const titles: Span[] = []
  const literals: Span[] = []
  const visit = (node: ts.Node): void => {
    titles.push(...titlesOf(node).map(spanOf))
    if (isText(node) || ts.isRegularExpressionLiteral(node)) literals.push(spanOf(node))
    ts.forEachChild(node, visit)
  }
  visit(ts.createSourceFile('a.ts', text, ts.ScriptTarget.Latest, true))
  const comments = [...split(text, literals)[1].matchAll(/\/\*[^]*?\*\/|\/\/.*/g)]
    .map(({ index, 0: { length } }): Span => [index, index + length])
  const [words, code] = split(text, [...titles, ...comments])
  return { words, code }
}

const names = filesIn(join(ROOT, 'test'))
  .filter(name => /\.(?:py|ts)$/.test(name) && !name.startsWith('fixtures/') && !QUOTING.includes(name))

/** The few files that contain a phrase, in parts. */
const suspects = names.flatMap(name => {
  const text = readFileSync(join(ROOT, 'test', name), 'utf8')
  if (phrasesIn(name, text).length === 0) return []
  return name.endsWith('.ts') ? { name, ...partsOf(text) } : { name, words: text, code: '' }
})

t.test('titles and comments of tests contain none of the phrases to avoid', async t => {
  t.ok(names.length > 300, `${names.length} files`)
  t.strictSame(suspects.flatMap(({ name, words }) => phrasesIn(name, words)), [])
})

t.test('other text in tests contains such a phrase only if the product does, as in an expected message', async t => {
  const product = ['lib', 'recipes', 'sinks', 'sources', 'transforms'].flatMap(folder =>
    filesIn(join(ROOT, folder)).filter(name => name.endsWith('.ts')).map(name => join(ROOT, folder, name)))
    .map(path => readFileSync(path, 'utf8')).join('\n')
  const isExpected = (finding: string): boolean =>
    product.includes(finding.slice(finding.indexOf(': ') + 2, finding.lastIndexOf('; write: ')))
  const found = suspects.flatMap(({ name, code }) => phrasesIn(name, code))
  t.strictSame(found.filter(finding => !isExpected(finding)), [])
})

t.test('phrases are found in titles, case names and comments, and separately in code', async t => {
  const { words, code } = partsOf([
    '/** Begun again. */ t.test(`it is to be`, t => { // taken up', '  t.equal(a, "behind", "beside")',
    '  t.match(b, /is mended; \\/\\*/)', '})', 'const cases = { "one behind": "whichever" }'
  ].join('\n'))
  const found = (text: string): string[] => phrasesIn('a', text).map(finding => finding.split('; ')[0]!)
  t.strictSame(found(words), ['a:1: taken up', 'a:1: Begun again', 'a:1: is to be', 'a:2: beside', 'a:5: behind'])
  t.strictSame(found(code), ['a:2: behind', 'a:3: mended', 'a:5: whichever'])
})
