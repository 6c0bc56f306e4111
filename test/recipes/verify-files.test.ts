/** The outputs of verify: dates in the stats, the text inventory, and both after an error. */
import {
  chmodSync, copyFileSync, existsSync, mkdirSync, readFileSync, rmSync, truncateSync, writeFileSync
} from 'node:fs'
import { join } from 'node:path'
import { PartialError } from '../../lib/errors.ts'
import { sha256 } from '../../lib/hash.ts'
import type { Inventory } from '../../recipes/inventory/inventory.ts'
import { VerifyError, verify } from '../../recipes/verify.ts'
import { commandsHereIn } from '../commands.ts'
import { failure, filesIn, howMany, pattern, put, temporaryFolder } from '../helpers.ts'
import { EOS, writeShards, writeStats } from '../shards.ts'
import { type Test, t } from '../tap.ts'

const command = commandsHereIn(t)

interface Made {
  readonly folder: string
  readonly stats: string
  /** The text inventory. */
  readonly page: string
  readonly shard: (component: string, index: number) => string
}

/** Two components with the same documents, and one more in `b`. */
function made (t: Test): Made {
  const folder = temporaryFolder(t)
  const ids = Array.from({ length: 40 }, (_, i) => [3 + i, 4 + i, EOS]).flat()
  const stats = writeStats(folder, [
    writeShards(folder, 'a', ids, { seqLen: 8, sequencesPerShard: 4 }),
    writeShards(folder, 'b', [9, EOS, EOS, ...ids], { seqLen: 3, sequencesPerShard: 20, dtype: 'uint16' })
  ])
  return {
    folder,
    stats,
    page: join(folder, 'inventory.md'),
    shard: (component, index) => join(folder, component, `shard_0000${index}.npy`)
  }
}

const read = (path: string): string => readFileSync(path, 'utf8')

function flip (path: string, at: number): void {
  const bytes = readFileSync(path)
  bytes[at]! ^= 1
  writeFileSync(path, bytes)
}

/** The dates in stats: of the whole file, and of each component. */
function datesIn (path: string): Array<string | undefined> {
  const { verified_at_utc: whole, stats } = JSON.parse(read(path)) as {
    verified_at_utc?: string
    stats: Array<{ verified_at_utc?: string }>
  }
  return [whole, ...stats.map(component => component.verified_at_utc)]
}

t.test('the date is written into the stats, and no other byte; a finding removes an outdated date', async t => {
  const { stats, page, shard } = made(t)
  const odd = read(stats).replace('"manifest": "mix.yaml"', '"manifest": "mix.yaml", "2": 1.50, "1": ' +
    '12345678901234567890')
  writeFileSync(stats, odd)
  const quick = await verify(stats, { inventory: page, quick: true })
  t.equal(read(stats), odd, '--quick writes no date')
  t.equal(quick.stats_sha256, sha256(odd))
  const first = await verify(stats, { inventory: page })
  t.strictSame(datesIn(stats), [first.verified_at_utc, first.verified_at_utc, first.verified_at_utc])
  t.equal(read(stats).replace(/,\s*"verified_at_utc": "[^"]*"/g, ''), odd)
  t.equal(first.stats_sha256, sha256(readFileSync(stats)))
  const second = await verify(stats, { inventory: page })
  t.ok(second.verified_at_utc > first.verified_at_utc)
  t.strictSame(datesIn(stats), Array.from({ length: 3 }, () => second.verified_at_utc), 'the date is replaced')

  flip(shard('a', 1), 130)
  t.type(await failure(verify(stats, { inventory: page })), VerifyError)
  const [whole, a, b] = datesIn(stats)
  t.strictSame([whole, a], [undefined, undefined])
  t.ok(b! > second.verified_at_utc, 'the component without findings was verified')
  truncateSync(shard('b', 0), 10)
  t.type(await failure(verify(stats, { inventory: page, quick: true })), VerifyError)
  t.equal(read(stats), odd)
})

t.test('the stats of one dataset have one date', async t => {
  const { folder, page } = made(t)
  const stats = put(folder, 'one.json', JSON.stringify(writeShards(
    folder, 'one', [5, EOS, 6, EOS], { seqLen: 2, sequencesPerShard: 9 }
  )))
  const { verified_at_utc: utc } = await verify(stats, { inventory: page })
  t.equal((JSON.parse(read(stats)) as Record<string, unknown>).verified_at_utc, utc)
  t.equal(read(stats).match(/verified_at_utc/g)?.length, 1)
  t.match(read(page), 'There is only one component')
  flip(join(folder, 'one/shard_00000.npy'), 128)
  await failure(verify(stats, { inventory: page }))
  t.notMatch(read(stats), 'verified_at_utc')
})

t.test('the text inventory has a section per stats file, replaced by name, with the findings', async t => {
  const { folder, stats, page, shard } = made(t)
  const inventory = await verify(stats, { inventory: page })
  const text = read(page)
  t.match(
    text, /^# Data inventory\n\n## .*stats\.json\n\nThe shards match their stats\.\n\n- verified at: \d{4}-/
  )
  t.match(text, `SHA-256 ${sha256(readFileSync(stats))}\n- tokenizer: SHA-256 ${'ab'.repeat(32)}, ` +
    'from the stats\n')
  t.match(text, '| component | dataset | licence | shards | sequences | tokens | MB | output_dir |\n| --- | --- | ' +
    `--- | --- | --- | --- | --- | --- |\n| a | json | CC0-1.0 | 4 | 15 | 120 | 0.0 | ${join(folder, 'a')} |\n`)
  t.match(text, '| all |  |  | 7 | 56 | 243 | 0.0 |  |')
  t.match(text, '| a | 40 | 40 | 0.0 % |\n| b | 41 | 41 | 0.0 % |\n')
  t.match(text, '| components | documents in both | of the first | of the second |\n| --- | --- | --- | --- |\n| ' +
    'a, b | 40 | 100.0 % | 97.6 % |\n')
  for (const { path, sha256 } of inventory.components.flatMap(({ shards }) => shards)) {
    t.match(text, new RegExp(`\\| ${path} \\| .* \\| ${sha256!} \\|\n`))
  }

  copyFileSync(stats, join(folder, 'other.json'))
  await verify(join(folder, 'other.json'), { inventory: page })
  t.ok(read(page).startsWith(text.trimEnd()), 'the first section is kept')
  const headings = (): string[] => [...read(page).matchAll(/^## .*?([a-z]+)\.json$/gm)].map(match => match[1]!)
  t.strictSame(headings(), ['stats', 'other'])
  flip(shard('b', 0), 140)
  t.match(await failure(verify(stats, { inventory: page })), { code: 'ERR_VERIFY' })
  t.strictSame(headings(), ['stats', 'other'])
  t.match(read(page), pattern(
    /^# Data inventory\n\n## .*stats\.json\n\n1 finding: the shards do not match their stats\.\n\n/,
    /- verified at: .*\n- stats: .*\n- without findings: a\n\n/,
    /\| component \| check \| file \| found \| expected \|\n.*\n/,
    /\| b \| sha256 \| .*shard_00000\.npy \| has SHA-256 [0-9a-f]{64} \|/
  ))
  t.match(await failure(verify(stats, { inventory: put(folder, 'notes.md', '# Notes\n') })), {
    code: 'ERR_OUTPUT_EXISTS', message: /notes\.md: is not an inventory/
  })
  t.equal(read(join(folder, 'notes.md')), '# Notes\n')
  t.match(await failure(verify(stats, { inventory: stats })), {
    code: 'ERR_OPTION', message: /expected the name of a \.md file/
  })
  t.match(await failure(verify(stats, { inventory: '-', inventoryJson: '-' })), {
    code: 'ERR_OPTION', message: /both standard output/
  })
})

t.test('the command writes to logs by default, named by the UTC date; it uses all cores for large inputs', async t => {
  const folder = temporaryFolder(t)
  const ids = Int32Array.from({ length: howMany(100_000, 2_300_000) }, (_, i) => i % 500 === 0 ? EOS : 3 + i % 30_000)
  const component = writeShards(folder, 'big', ids, { seqLen: 2048, sequencesPerShard: howMany(16, 256) })
  writeStats(folder, [{ ...component, output_dir: 'big' }])
  const days = [new Date().toISOString().slice(0, 10)]
  const shown = await command(['verify', 'stats.json', '--json', '--workers', '2'], { cwd: folder })
  t.match(shown, { code: 0, stderr: '' })
  days.push(new Date().toISOString().slice(0, 10))
  t.ok(days.some(day => existsSync(join(folder, `logs/data_inventory_${day}.md`))))
  const { duplicates } = JSON.parse(shown.stdout) as Inventory
  t.match(duplicates, { sampled: 1, components: [{ documents: howMany(196, 4599), different: 60 }], shared: [] })
  const [first, second] = component.shard_files.map(({ file }) => join(folder, 'big', file))
  copyFileSync(second!, first!)
  const foreign = await command(['verify', 'stats.json'], { cwd: folder })
  t.match(foreign, {
    code: 1,
    stdout: '',
    stderr: /: 1 finding; .*\nbig\/shard_00000\.npy: has SHA-256 [0-9a-f]{64}, expected [0-9a-f]{64} \[ERR_VERIFY\]\n$/
  })
})

t.test('each kind of damage is reported, and the exit code is 1', async t => {
  const { folder, stats, page, shard } = made(t)
  const other = temporaryFolder(t)
  writeShards(other, 'a', Array.from({ length: 120 }, (_, i) => 3 + i), { seqLen: 8, sequencesPerShard: 4 })
  const path = shard('a', 1)
  const whole = readFileSync(path)
  const damage: Record<string, [() => void, RegExp]> = {
    missing: [() => { rmSync(path) }, /a\/shard_00001\.npy: is not there, expected a shard of 256 bytes/],
    truncated: [() => { truncateSync(path, 200) }, /a\/shard_00001\.npy: has 200 bytes, expected 256/],
    changed: [() => { flip(path, 200) }, /a\/shard_00001\.npy: has SHA-256 .*, expected/],
    foreign: [
      () => { copyFileSync(join(other, 'a/shard_00001.npy'), path) },
      /a\/shard_00001\.npy: has SHA-256 .*, expected/
    ],
    extra: [
      () => { copyFileSync(path, join(folder, 'a/shard_00004.npy')) },
      /a\/shard_00004\.npy: is there, expected no \.npy file but the 4 of the stats/
    ]
  }
  for (const [kind, [make, says]] of Object.entries(damage)) {
    make()
    const ended = await command(['verify', stats, '--inventory', page])
    t.equal(ended.code, 1, kind)
    t.match(ended.stderr, /: 1 finding;/)
    t.match(ended.stderr, says)
    writeFileSync(path, whole)
    rmSync(join(folder, 'a/shard_00004.npy'), { force: true })
  }
  await t.resolves(verify(stats, { inventory: page }))
})

t.test('if the stats can\'t be written, the shards are still verified and the findings reported', async t => {
  const { folder, stats, page, shard } = made(t)
  const before = read(stats)
  chmodSync(stats, 0o444)
  const error = await failure(verify(stats, { inventory: page }))
  t.match(error, {
    code: 'ERR_OUTPUT',
    exitCode: 1,
    message: /stats\.json: cannot write verified_at_utc into the file: it is read-only; make it writable/,
    isResult: true,
    partial: { totals: { shards: 7 }, stats_sha256: sha256(before) }
  })
  t.type(error, PartialError)
  t.match(read(page), 'The shards match their stats.')
  t.ok(existsSync(join(folder, 'stats.inventory.json')))
  t.match(await command(['verify', stats, '--inventory', page]), {
    code: 1, stdout: /The shards match their stats/, stderr: /^sluice: .*it is read-only.*\[ERR_OUTPUT\]\n$/
  })
  chmodSync(stats, 0o644)

  mkdirSync(`${stats}.${process.pid}.tmp/in/its/place`, { recursive: true }) // like a folder without write permission
  t.match(await failure(verify(stats, { inventory: page })), {
    code: 'ERR_OUTPUT', message: /stats\.json: cannot be written/
  })
  t.equal(read(stats), before)
  rmSync(`${stats}.${process.pid}.tmp`, { recursive: true })
  await verify(stats, { inventory: page })
  chmodSync(stats, 0o444)
  flip(shard('a', 0), 152)
  const found = await failure(verify(stats, { inventory: page }))
  t.match(found, { code: 'ERR_VERIFY', findings: [{ check: 'sha256', file: shard('a', 0) }] })
  t.match(
    (found as Error).message,
    pattern(
      /1 finding;.*\n.*shard_00000\.npy: has SHA-256.*\n.*stats\.json: cannot write verified_at_utc into the file: /,
      /it is read-only/
    )
  )
  t.match(read(page), '1 finding')
})

t.test('an inventory that can\'t be written is reported before anything is read', async t => {
  const { folder, stats } = made(t)
  put(folder, 'logs', 'a file has the folder\'s name')
  const before = filesIn(folder)
  const ended = await command(['verify', 'stats.json'], { cwd: folder })
  t.match(ended, {
    code: 1,
    stdout: '',
    stderr: pattern(
      /^sluice: logs\/data_inventory_\d{4}-\d\d-\d\d\.md: cannot be written: /,
      /a part of the path is a file, expected a folder \[ERR_OUTPUT\]\n$/
    )
  })
  t.match(await failure(verify(stats, {
    inventory: join(folder, 'a', '.md') + '/x.md', inventoryJson: join(folder, 'logs', 'x.json')
  })), { code: 'ERR_OUTPUT' })
  t.strictSame(filesIn(folder), before)
})

t.test('stats that change during the verification are not overwritten', async t => {
  const { stats, page } = made(t)
  const verifying = failure(verify(stats, { inventory: page }))
  while (!existsSync(page) && !existsSync(`${page}.${process.pid}.tmp`)) {
    await new Promise(resolve =>
      setImmediate(resolve))
  }
  const changed = read(stats).replace('mix.yaml', 'another.yaml')
  writeFileSync(stats, changed)
  t.match(await verifying, {
    code: 'ERR_OUTPUT',
    message: /stats\.json: cannot write verified_at_utc into the file: it was changed while its shards were verified/
  })
  t.equal(read(stats), changed)
})
