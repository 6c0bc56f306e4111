/** Unusual files that are read without an error. */
import { gzipSync } from 'node:zlib'
import { t } from '../tap.ts'
import { commandsHereIn } from '../commands.ts'
import { docs, howMany, ndjsonOf, put, temporaryFolder } from '../helpers.ts'
import { frameOf, rawBlock, zstdBomb } from '../zstd.ts'
import { ZST } from './files.ts'

const command = commandsHereIn(t)

/** The ids of the documents, and the counts of bad records. */
const accepted: Readonly<Record<string, {
  readonly file: string
  readonly content: string | Uint8Array
  readonly ids: readonly string[]
  readonly bad?: string
  readonly warning?: string
}>> = {
  'a byte order mark': { file: 'a.ndjson', content: '\ufeff{"id":"a","text":"x"}\n', ids: ['a'] },
  CRLF: { file: 'a.ndjson', content: '{"id":"a","text":"x"}\r\n\r\n{"id":"b","text":"y"}', ids: ['a', 'b'] },
  'zeros after a .gz': {
    file: 'a.ndjson.gz', content: Buffer.concat([gzipSync(ndjsonOf(docs(2))), Buffer.alloc(700)]), ids: ['d0', 'd1']
  },
  'zeros after a .zst': {
    file: 'a.ndjson.zst', content: Buffer.concat([ZST, Buffer.alloc(700)]), ids: ['d0', 'd1', 'd2']
  },
  'zeros after lines': {
    file: 'a.ndjson', content: `${ndjsonOf(docs(1))}${'\0'.repeat(700)}`, ids: ['d0'], bad: '1 bad_json'
  },
  'many members of gzip': {
    file: 'a.ndjson.gz',
    content: Buffer.concat(docs(3).map(document => gzipSync(ndjsonOf([document])))),
    ids: ['d0', 'd1', 'd2']
  },
  'duplicate keys: the last one counts': { file: 'a.ndjson', content: '{"id":"a","id":"b","text":"x"}\n', ids: ['b'] },
  'a key __proto__': { file: 'a.ndjson', content: '{"id":"a","text":"x","__proto__":{"id":"c"}}\n', ids: ['a'] },
  'an empty file': { file: 'a.ndjson', content: '', ids: [], warning: 'a.ndjson is empty' },
  'a record of many megabytes': {
    file: 'a.ndjson.zst',
    content: Buffer.concat([zstdBomb(howMany(20e6, 200e6)), frameOf([rawBlock('\n' + ndjsonOf(docs(1)), true)])]),
    ids: ['d0'],
    bad: '1 too_long'
  }
}

for (const [name, { file, content, ids, bad, warning }] of Object.entries(accepted)) {
  t.test(`read without an error: ${name}`, async t => {
    const cwd = temporaryFolder(t)
    put(cwd, file, content)
    const { code, stdout, stderr } = await command(['read', file, '--max-bad', '1'], { cwd })
    t.equal(code, 0, stderr)
    t.strictSame(stdout.split('\n').slice(0, -1).map(line => (JSON.parse(line) as { id: string }).id), ids)
    const lines = stderr.trim().split('\n')
    t.equal(lines.pop(), `ndjson: ${ids.length + (bad === undefined ? 0 : 1)} in, ` +
      `${ids.length} out${bad === undefined ? '' : `, ${bad}`}`)
    t.match(lines, warning === undefined ? [] : [`sluice: warning: ${warning}`])
    t.equal(lines.length, warning === undefined ? 0 : 1)
  })
}
