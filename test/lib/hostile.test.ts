/** Input of a megabyte that was made to take long: what is done for it is counted, and not its time. */
import { Readable } from 'node:stream'
import { t } from '../tap.ts'
import { parseJson } from '../../lib/json.ts'
import { ndjson } from '../../sources/ndjson.ts'
import { collect } from '../helpers.ts'

t.test('lines that are left open are bad records, and after a thousand of them none is looked for that goes on', async t => {
  const droppedIn = async (json: string): Promise<unknown> => {
    const source = ndjson(Readable.from([Buffer.from(json)]), { maxBad: '100%' })
    await collect(source)
    return source.stats.dropped
  }
  t.strictSame(await droppedIn('{\n'.repeat(100_000)), { bad_json: 100_000 })
  t.strictSame(await droppedIn('{\n'.repeat(1001) + '{\n"text": "a"\n}\n'), { bad_json: 1004 })
})

t.test('what plainly is no object of JSON is not parsed, and what may be one is', t => {
  const { parse } = JSON
  let calls = 0
  t.teardown(() => { JSON.parse = parse })
  JSON.parse = (...args: Parameters<typeof parse>): unknown => {
    calls++
    return parse(...args) as unknown
  }
  for (const json of ['{', '{x}', '{"a":1', '{"a":1}x', '{{}}', '{[]}', '{\t"a":1]']) t.equal(parseJson(json), undefined, json)
  t.equal(calls, 0)
  for (const json of ['{"a":1}', '{ "a":1 }', '{\n"a":1}\r\n', '{"a":1} \t']) t.strictSame(parseJson(json), { a: 1 }, json)
  t.strictSame(parseJson('{}'), {})
  t.end()
})
