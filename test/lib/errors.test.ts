import { t } from '../tap.ts'
import { SluiceError, allInOrder, codeOf, errorCodes, messageOf } from '../../lib/errors.ts'

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

const later = async <T>(turns: number, value: () => T): Promise<T> => {
  for (let i = 0; i < turns; i++) await new Promise(setImmediate)
  return value()
}
const failing = (message: string) => (): never => { throw new Error(message) }

t.test('the values of promises are in the order of the list', async t => {
  t.strictSame(await allInOrder([later(2, () => 'a'), later(1, () => 'b')]), ['a', 'b'])
  t.strictSame(await allInOrder([]), [])
})

t.test('the error of promises is the first of the list, and all have ended', async t => {
  let ended = 0
  const end = (): void => { ended++ }
  const promises = [
    later(1, end), later(3, failing('first in the list')), later(1, failing('first in time')), later(6, end)
  ]
  await t.rejects(allInOrder(promises), { message: 'first in the list' })
  t.equal(ended, 2)
})
