/** Inputs of a megabyte that are designed to be slow. The tests count operations instead of measuring time. */
import { Readable } from 'node:stream'
import { t } from '../tap.ts'
import { parseJson } from '../../lib/json/json.ts'
import { readManifest } from '../../recipes/manifest/read.ts'
import { knownStages } from '../../recipes/stages.ts'
import { ndjson } from '../../sources/ndjson.ts'
import { collect, failure, folderInMemory, howMany, put } from '../helpers.ts'

t.test('lines with an open value are bad records; after a thousand of them no continuation is searched', async t => {
  const droppedIn = async (json: string): Promise<unknown> => {
    const source = ndjson(Readable.from([Buffer.from(json)]), { maxBad: '100%' })
    await collect(source)
    return source.stats.dropped
  }
  t.strictSame(await droppedIn('{\n'.repeat(100_000)), { bad_json: 100_000 })
  t.strictSame(await droppedIn('{\n'.repeat(1001) + '{\n"text": "a"\n}\n'), { bad_json: 1004 })
})

t.test('a line that can\'t be a JSON object is not parsed, and a line that may be one is parsed', t => {
  const { parse } = JSON
  let calls = 0
  t.teardown(() => { JSON.parse = parse })
  JSON.parse = (...args: Parameters<typeof parse>): unknown => {
    calls++
    return parse(...args) as unknown
  }
  for (const json of ['{', '{x}', '{"a":1', '{"a":1}x', '{{}}', '{[]}', '{\t"a":1]']) {
    t.equal(parseJson(json), undefined, json)
  }
  t.equal(calls, 0)
  for (const json of ['{"a":1}', '{ "a":1 }', '{\n"a":1}\r\n', '{"a":1} \t']) {
    t.strictSame(parseJson(json), { a: 1 }, json)
  }
  t.strictSame(parseJson('{}'), {})
  t.end()
})

t.test('manifests that are too large, too deeply nested, or full of mistakes are refused in time', async t => {
  const path = (content: string): string => put(folderInMemory(t), 'mix.yaml', content)
  for (const [content, says] of [
    [
      'name: a\n'.padEnd(1024 * 1024 + 1, '#'),
      /mix\.yaml: has 1048577 bytes, expected a manifest of at most 1048576; write several$/
    ],
    [
      `name: a\n# b\n  ${'? '.repeat(howMany(50_000, 500_000))}`,
      /mix\.yaml:3:3: lists and keys are nested 100 deep here, expected a manifest/
    ],
    [
      Array.from({ length: 2000 }, (_, i) => `k${i}: 1\n`).join(''),
      /mix\.yaml:1:1: unknown key k0 [^]*mix\.yaml:19:1: unknown key k18 [^]*\n… and 1981 more$/
    ],
    ['a: 1\n'.repeat(2000), /mix\.yaml:2:1: the key a occurs twice in one mapping[^]*\n… and 1979 more$/]
  ] as const) t.match(await failure(readManifest(path(content), knownStages)), { code: 'ERR_MANIFEST', message: says })
})

const COMPONENTS = howMany(60, 2000)

t.test(`a manifest of ${COMPONENTS} components is read`, async t => {
  const folder = folderInMemory(t)
  const data = put(folder, 'a.ndjson', '{"text":"a"}')
  const components = Array.from({ length: COMPONENTS }, (_, i) =>
    `  - { name: component-${i}, dataset: json, data_files: ${data} }\n`)
  t.equal(
    (await readManifest(put(folder, 'mix.yaml', `datasets:\n${components.join('')}`), knownStages)).datasets.length,
    COMPONENTS
  )
})
