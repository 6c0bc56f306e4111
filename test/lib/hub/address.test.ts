import { t } from '../../tap.ts'
import {
  hubAddress, hubName, isCommit, isDatasetName, isHubName, urlPath, withoutRevision
} from '../../../lib/hub/address.ts'

const COMMIT = 'a'.repeat(40)

t.test('names of files on the Hub are parsed and printed', async t => {
  for (const address of [
    { dataset: 'o/n', revision: COMMIT, path: 'data/train.jsonl' },
    { dataset: 'n', revision: 'main', path: 'a.txt' },
    { dataset: 'o/n', revision: 'refs/convert/parquet', path: 'default/train/0000.parquet' },
    { dataset: 'o/n', revision: 'a@b%c', path: 'x@y/z#%?.csv' }
  ]) t.same(hubAddress(hubName(address)), address)
  t.equal(hubName({ dataset: 'o/n', revision: 'refs/pr/1', path: 'a' }), 'hf://datasets/o/n@refs%2Fpr%2F1/a')
  t.same(hubAddress('hf://datasets/o/n@refs/convert/parquet/a/b.parquet'), {
    dataset: 'o/n', revision: 'refs/convert/parquet', path: 'a/b.parquet'
  })
  t.same(hubAddress('hf://datasets/o/n/data/**/*.csv'), { dataset: 'o/n', revision: 'main', path: 'data/**/*.csv' })
  t.same(hubAddress('hf://datasets/o/n/a@b/c'), { dataset: 'o/n', revision: 'main', path: 'a@b/c' })
})

t.test('invalid names are refused', async t => {
  for (const name of [
    'hf://o/n', 'hf://datasets/o/n', 'hf://datasets/n/a.txt', 'hf://datasets/o/n@main', 'hf://datasets/o/n@main/',
    'hf://datasets/o/n@%zz/a', 'hf://datasets/o/n@main/../a', 'hf://datasets/o/n@main/a/./b',
    'hf://datasets/o/n@main/a//b', 'hf://datasets/o n/x@main/a', 'hf://models/o/n/a'
  ]) {
    t.throws(() => hubAddress(name), { code: 'ERR_FILES' }, name)
  }
  t.ok(isHubName('hf://x'))
  t.notOk(isHubName('https://x'))
  t.ok(isCommit(COMMIT))
  t.notOk(isCommit('main'))
})

t.test('names of datasets are parsed', async t => {
  for (const name of ['a', 'o/n', 'HuggingFaceFW/fineweb-edu', 'o_1/n.2']) t.ok(isDatasetName(name), name)
  for (const name of [
    '', '/n', 'o/', 'o/n/m', '.o/n', 'o/n--m', 'o/n..m', 'o/n.git', 'o/n m', 'o/é', 'o/n.ipynb', 'https://x'
  ]) {
    t.notOk(isDatasetName(name), name)
  }
})

t.test('paths are escaped in addresses, and names are printed without their commit', async t => {
  t.equal(urlPath('a b/é?#%.txt'), 'a%20b/%C3%A9%3F%23%25.txt')
  t.equal(withoutRevision(`hf://datasets/o/n@${COMMIT}/a@b/c.txt`), 'hf://datasets/o/n/a@b/c.txt')
  t.equal(withoutRevision('hf://datasets/o/n/a@b/c.txt'), 'hf://datasets/o/n/a@b/c.txt')
  t.equal(withoutRevision(`hf://datasets/n@${COMMIT}/c.txt`), 'hf://datasets/n/c.txt')
  t.equal(withoutRevision('data/a@b/c.txt'), 'data/a@b/c.txt')
})
