import { t } from '../../tap.ts'
import { readCoverageBaseline } from '../../../lib/tokenizer/baseline.ts'
import { failure, pattern, put, temporaryFolder } from '../../helpers.ts'

const GOOD = {
  documents: 1,
  words: 2,
  tokens_per_word: 1.5,
  single_token_share: 0.5,
  two_or_fewer_share: 1,
  sample: { sha256: 'ab'.repeat(32) },
  tokenizer: { sha256: 'cd'.repeat(32) }
}

t.test('a result of check-coverage is read, also with further fields', async t => {
  t.strictSame(
    await readCoverageBaseline(put(temporaryFolder(t), 'a.json', JSON.stringify({ ...GOOD, later: true }))), GOOD
  )
})

t.test('an invalid baseline is refused with every mistake at once', async t => {
  const folder = temporaryFolder(t)
  const said = async (content: string): Promise<unknown> =>
    await failure(readCoverageBaseline(put(folder, 'a.json', content)))
  t.match(await failure(readCoverageBaseline(`${folder}/none.json`)), {
    code: 'ERR_BASELINE',
    exitCode: 2,
    message: /none\.json: cannot be read: no such file, expected the JSON that check-coverage writes/
  })
  t.match(await failure(readCoverageBaseline(folder)), { code: 'ERR_BASELINE', message: /is a folder/ })
  t.match(await said('{"words":'), {
    code: 'ERR_BASELINE', message: /a\.json: is not JSON: .*; expected the JSON that check-coverage writes/
  })
  t.match(await said('<!DOCTYPE html><html>'), {
    code: 'ERR_BASELINE', message: /a\.json: is an HTML page; .*; expected the JSON that check-coverage writes$/
  })
  t.match(await said('[]'), {
    code: 'ERR_BASELINE',
    message: pattern(
      /a\.json: is not the JSON that check-coverage writes: expected a mapping, got an empty list$/
    )
  })
  t.match(await said(JSON.stringify({ ...GOOD, words: 0 })), {
    code: 'ERR_BASELINE', message: /writes: words: expected at least 1, got 0$/
  })
  t.match(await said(JSON.stringify({ ...GOOD, single_token_share: 1.2, tokenizer: {} })), {
    code: 'ERR_BASELINE',
    message: pattern(
      /writes: single_token_share: expected at most 1, got 1\.2; /,
      /tokenizer\.sha256: expected a string, it is missing$/
    )
  })
})
