/** Where outputs may be: next to one another, and not in place of a shard. */
import { mkdirSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { t } from '../../tap.ts'
import { type FormatName, formatNames } from '../../../lib/shards/formats/format.ts'
import { otherFormat } from '../../../lib/shards/formats/formats.ts'
import { shardName } from '../../../lib/shards/names.ts'
import { checkOutputs, realPlace, refuseAmongShards } from '../../../recipes/jobs/places.ts'
import { folderInMemory, put, thrownBy } from '../../helpers.ts'

t.test('files are compared by their real paths, as far as they exist', async t => {
  const folder = folderInMemory(t)
  mkdirSync(join(folder, 'real'))
  symlinkSync(join(folder, 'real'), join(folder, 'link'))
  t.equal(realPlace(join(folder, 'link/new/file')), join(realPlace(folder), 'real/new/file'))
  t.match(thrownBy(() => { checkOutputs([join(folder, 'link/a'), join(folder, 'real/a')], []) }), {
    code: 'ERR_OPTION', message: /would be written twice/
  })
  checkOutputs(['-', '-', join(folder, 'real/a')], [], { shared: [join(folder, 'b'), join(folder, 'b')] })
  t.match(thrownBy(() => { checkOutputs([join(folder, 'b')], [], { shared: [join(folder, 'b')] }) }), {
    code: 'ERR_OPTION'
  })
  t.match(thrownBy(() => { checkOutputs([join(folder, 'a'), join(folder, 'a/b')], []) }), {
    code: 'ERR_OPTION', message: /would be in .*a, which is a file of this run/
  })
  put(folder, 'real/in', 'x')
  symlinkSync(join(folder, 'real/in'), join(folder, 'other'))
  t.match(thrownBy(() => { checkOutputs([join(folder, 'other')], [join(folder, 'real/in')]) }), {
    code: 'ERR_OUTPUT_EXISTS', message: /is an input as well/
  })
})

t.test('no other output is in a folder of shards', async t => {
  const folder = folderInMemory(t)
  mkdirSync(join(folder, 'real'))
  symlinkSync(join(folder, 'real'), join(folder, 'link'))
  const shards = [join(folder, 'link')]
  for (const name of [
    'real/shard_00000.npy', 'link/shard_00000.npy.partial', 'real/shard_123456.npy.7.tmp', 'real/.next',
    'real/.next/a.json', 'real/.next/b/c.json', 'real', 'link', 'real/stats.json', 'link/rejects.ndjson',
    'link/shard_1.npy', 'real/checkpoint.jsonl', 'real/inventory.md'
  ]) {
    t.match(thrownBy(() => { checkOutputs([join(folder, name)], [], { shards }) }), {
      code: 'ERR_OPTION', message: /name another file$/
    }, name)
  }
  for (const name of [
    'real/checkpoint.json', 'real/checkpoint.json.lock', 'real/sub/shard_00000.npy', 'stats.json', 'shard_00000.npy',
    '.next/a.json'
  ]) {
    checkOutputs([join(folder, name)], [], { shards })
    t.pass(name)
  }
})

/** The names of files that a shard of a format has. */
function filesOf (format: FormatName): string[] {
  if (format === 'npy') return [shardName(12), 'shard_00012.docs']
  const other = otherFormat(format)
  const data = other.fileName(12)
  if (other.kind === 'rows') return [data, `${data}.ids`]
  return [data, `${data}.ends`, ...(other.index === null ? [] : [other.index.fileName(12)])]
}

t.test('a file with the name of a shard of any format, finished or not, is refused as one', async t => {
  const folder = join(folderInMemory(t), 'a folder with spaces')
  mkdirSync(folder)
  const refusal = (name: string): unknown => thrownBy(() => { refuseAmongShards([join(folder, name)], [folder]) })
  for (const name of formatNames.flatMap(filesOf).flatMap(name => [name, `${name}.partial`, `${name}.77.tmp`])) {
    t.match(refusal(name), {
      code: 'ERR_OPTION', message: /: has the name of a shard, or is in a folder, that this run makes in .*with spaces/
    }, name)
  }
  for (const name of ['shard_00000.txt', 'shard_1.npy', 'stats.json']) {
    t.match(refusal(name), { code: 'ERR_OPTION', message: /: is among the shards in/ }, name)
  }
})
