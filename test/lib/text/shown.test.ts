/** Control characters in untrusted text have no effect on a terminal. */
import fc from 'fast-check'
import { SluiceError, maskCredentials } from '../../../lib/errors.ts'
import { isName, shown, shownInLine } from '../../../lib/text/shown.ts'
import { codePoint } from '../../helpers.ts'
import { t } from '../../tap.ts'

t.test('control characters are escaped; tabs and line breaks are kept, except in a single line', async t => {
  t.equal(shown('\x1b]0;title\x07 a\tb\nc\rd\x7f\x9b31m\u202egnp.\u2069é字'),
    '\\u001b]0;title\\u0007 a\tb\nc\\rd\\u007f\\u009b31m\\u202egnp.\\u2069é字')
  t.equal(shownInLine('a\tb\nc\u2028d'), 'a\\tb\\nc\\u2028d')
  let checked = 0
  fc.assert(fc.property(fc.string({ unit: codePoint }), text => {
    checked++
    const json = JSON.stringify({ [text]: text }, null, 2)
    return JSON.stringify(JSON.parse(shown(json)), null, 2) === json && !/(?![\t\n])\p{Cc}/u.test(shown(text))
  }))
  t.ok(checked >= 100)
})

t.test('names have no control characters, line breaks, bidirectional controls or lone surrogates', async t => {
  for (const name of ['a b', 'é字', 'x.y-z', '😀']) t.ok(isName(name), name)
  for (const name of ['a\nb', 'a\tb', '\x1b[31m', '\0', 'a\x85b', 'a\u2028b', 'a\u202eb', '\ud800']) {
    t.notOk(isName(name), encodeURIComponent(name.toWellFormed()))
  }
})

t.test('a user and a password in an address are not shown', async t => {
  t.equal(maskCredentials('https://u:p@w@h/x@y and hf://token@h, a@b.c, http://h/a@b'),
    'https://MASKED@h/x@y and hf://MASKED@h, a@b.c, http://h/a@b')
  t.equal(new SluiceError('ERR_OPTION', 'dataset: https://user:pw@h/x').message, 'dataset: https://MASKED@h/x')
  const long = '://'.repeat(300_000) + 'a'.repeat(300_000)
  t.equal(maskCredentials(long), long)
})
