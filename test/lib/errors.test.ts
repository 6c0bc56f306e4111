import { t } from '../tap.ts'
import { SluiceError, codeOf, errorCodes, messageOf } from '../../lib/errors.ts'

t.test('an error has a code, an exit code, a message and a cause', async t => {
  const cause = new Error('why')
  const error = new SluiceError('ERR_MANIFEST', 'what', { cause })
  t.match(error, { name: 'SluiceError', code: 'ERR_MANIFEST', exitCode: 2, message: 'what', cause })
  t.ok(error instanceof Error)
})

t.test('exit codes are those that the command line documents', async t => {
  t.strictSame([...new Set(Object.values(errorCodes).map(({ exit }) => exit))].sort(), [1, 130, 2])
})

t.test('any thrown value has a message, and a code if it has one', async t => {
  t.equal(messageOf(new Error('a')), 'a')
  t.equal(messageOf('b'), 'b')
  t.equal(codeOf(Object.assign(new Error(), { code: 'ENOENT' })), 'ENOENT')
  t.equal(codeOf(Object.assign(new Error(), { code: 7 })), undefined)
  t.equal(codeOf(null), undefined)
})
