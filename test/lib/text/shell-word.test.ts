import { execFileSync } from 'node:child_process'
import { t } from '../../tap.ts'
import { shellWord } from '../../../lib/text/shell-word.ts'

t.test('a shell reads back the same text', async t => {
  const texts = ['a', 'my file.yaml', "it's", '$HOME', 'a\nb', '*', '~', '', '"', '\\', 'é', 'a;b', '--x=1']
  const read = execFileSync('sh', ['-c', `printf '%s\\0' ${texts.map(shellWord).join(' ')}`], { encoding: 'utf8' })
  t.strictSame(read.split('\0').slice(0, -1), texts)
  t.equal(shellWord('a/b-c.yaml'), 'a/b-c.yaml', 'no quotes without need')
})
