import * as promises from 'node:fs/promises'
import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { linkOrCopy } from '../../../lib/output/link.ts'
import { failure, filesIn, mocked, put, temporaryFolder } from '../../helpers.ts'
import { t } from '../../tap.ts'

t.test('a file gets a second name, and a file of that name is replaced', async t => {
  const folder = temporaryFolder(t)
  const [a, b] = [put(folder, 'a', 'text'), join(folder, 'deep/b')]
  t.equal(await linkOrCopy(a, b), null)
  t.equal(statSync(b).ino, statSync(a).ino)
  t.equal(await linkOrCopy(a, b), null, 'again')
  const other = put(folder, 'c', 'other')
  await linkOrCopy(a, other)
  t.equal(readFileSync(other, 'utf8'), 'text')
  t.strictSame(filesIn(folder).sort(), ['a', 'c', 'deep/b'])
  t.match(await failure(linkOrCopy(join(folder, 'none'), b)), { code: 'ERR_OUTPUT', message: /deep\/b/ })
})

t.test('a file is copied where hard links can\'t be made, with the reason', async t => {
  const folder = temporaryFolder(t)
  const link = (): Promise<never> => Promise.reject(Object.assign(new Error('no links'), { code: 'EXDEV' }))
  const { linkOrCopy: copying } = await mocked<{ linkOrCopy: typeof linkOrCopy }>(
    t, 'lib/output/link', { 'node:fs/promises': { ...promises, link } }
  )
  const [a, b] = [put(folder, 'a', 'text'), join(folder, 'b')]
  t.equal(await copying(a, b), 'EXDEV')
  t.not(statSync(b).ino, statSync(a).ino)
  t.equal(readFileSync(b, 'utf8'), 'text')
})
