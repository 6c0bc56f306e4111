import { t } from '../../tap.ts'
import { EMPTY_CARD, readCard } from '../../../lib/hub/card.ts'
import { howMany, isThorough } from '../../helpers.ts'
import { cardOf } from './helpers.ts'

/** The time limit for a malicious card. */
const LENGTH = howMany(1e4, 1e6)
const SUBSETS = howMany(250, 1000)

t.test('a card without YAML at its top is empty', async t => {
  for (const text of [
    '', '# A dataset\n', '---\nlicense: mit\n', 'x\n---\nlicense: mit\n---\n', '---\n\n---\n', '---\n# nothing\n---'
  ]) {
    t.strictSame(readCard(text), EMPTY_CARD, text)
  }
})

t.test('licences and names are read from a card', async t => {
  t.match(cardOf('license: odc-by\npretty_name: Fine Web\nviewer: false'), {
    license: ['odc-by'],
    prettyName: 'Fine Web',
    licenseName: null,
    licenseLink: null,
    viewer: false,
    configs: [],
    datasetInfo: []
  })
  t.match(
    cardOf('license:\n- cc-by-sa-3.0\n- gfdl\nlicense_name: its own\nlicense_link: LICENSE.md\nviewer: maybe'),
    { license: ['cc-by-sa-3.0', 'gfdl'], licenseName: 'its own', licenseLink: 'LICENSE.md', viewer: null }
  )
  t.match(cardOf('licenses: [mit]\npretty_name: 2023\nviewer: true'), {
    license: ['mit'], prettyName: '2023', viewer: true
  })
  t.match(cardOf('license:\nconfigs:\ndataset_info:'), { license: [], configs: [], datasetInfo: [] })
  t.match(readCard('\r\n\n---\r\nlicense: mit\r\npretty_name: x\r\n---  \r\ntext'), {
    license: ['mit'], prettyName: 'x'
  })
})

t.test('data_files is read in all its forms', async t => {
  const filesOf = (yaml: string): unknown =>
    cardOf(`configs:\n- config_name: a\n  data_files: ${yaml}`).configs[0]!.dataFiles
  t.strictSame(filesOf(''), null)
  t.strictSame(filesOf('data/*.csv'), [{ split: 'train', paths: ['data/*.csv'] }])
  t.strictSame(filesOf('[a.csv, 2023]'), [{ split: 'train', paths: ['a.csv', '2023'] }])
  t.strictSame(filesOf('[]'), [{ split: 'train', paths: [] }])
  t.strictSame(filesOf('\n  - split: train\n    path: a/*\n  - split: test.x\n    path: [b, c]'), [
    { split: 'train', paths: ['a/*'] }, { split: 'test.x', paths: ['b', 'c'] }
  ])
  t.strictSame(filesOf('{ train: a/*, no: [b, c] }'), [
    { split: 'train', paths: ['a/*'] }, { split: 'no', paths: ['b', 'c'] }
  ], 'a split that YAML 1.1 reads as false')
})

t.test('subsets are read with their folders, tags and options', async t => {
  t.strictSame(cardOf(`
defaults: &csv { sep: ";", drop_labels: yes }
configs:
- config_name: 2023
  data_dir: en
  <<: *csv
- config_name: 2023-11-01
  default: true
  data_files: x
  version: 1.0.0
- config_name: 2023
  data_dir: 1_0
`).configs, [
    { name: '2023', dataFiles: null, dataDir: '1_0', isDefault: false, options: {} },
    {
      name: '2023-11-01',
      dataFiles: [{ split: 'train', paths: ['x'] }],
      dataDir: '',
      isDefault: true,
      options: { version: '1.0.0' }
    }
  ], 'of two subsets with one name, the last counts')
  t.strictSame(
    cardOf('x: &csv { sep: ";", drop_labels: yes }\nconfigs:\n- config_name: a\n  <<: *csv').configs[0]!.options,
    { sep: ';', drop_labels: true }
  )
})

t.test('dataset_info may be one entry or a list', async t => {
  t.strictSame(cardOf('dataset_info:\n  config_name: a\n  splits: []').datasetInfo, [{ config_name: 'a', splits: [] }])
  t.strictSame(cardOf('dataset_info:\n- config_name: a\n- text').datasetInfo, [{ config_name: 'a' }])
})

t.test('a mistake is reported with its line and the lines around it', async t => {
  for (const [yaml, place, message] of [
    ['license: [mit', 2, /has invalid YAML: .*without the card, name them with data_files/],
    ['a: b: c', 2, /has invalid YAML/],
    ['license: *none', 1, /has YAML that can't be read/],
    ['- a', 2, /its YAML: expected a mapping/],
    ['license: { a: b }', 2, /license: expected a text, or a list of them/],
    ['license:\n- mit\n- { a: b }', 4, /license: expected a text, or a list of them/],
    ['pretty_name: [a]', 2, /pretty_name: expected a text/],
    ['configs: all', 2, /configs: expected a list of subsets/],
    ['configs:\n- a', 3, /configs: expected a mapping with a config_name/],
    ['configs:\n- data_dir: a', 3, /config_name: expected the name of the subset/],
    ['configs:\n- config_name: a\n  data_dir: [b]', 4, /data_dir: expected a text/],
    [
      'configs:\n- config_name: a\n  data_files: [a, [b]]',
      4,
      /data_files: expected a path or glob, a list of them, a list of \{ split, path \}/
    ],
    [
      'configs:\n- config_name: a\n  data_files:\n  - split: a\n  - path: b',
      5,
      /data_files: expected \{ split, path \}, and nothing else/
    ],
    [
      'configs:\n- config_name: a\n  data_files:\n  - split: a\n    path: b\n  - c',
      7,
      /data_files: expected \{ split, path \}/
    ],
    [
      'configs:\n- config_name: a\n  data_files:\n  - split: a-b\n    path: b',
      5,
      /split: expected the name of a split.*"a-b"/
    ],
    ['configs:\n- config_name: a\n  data_files:\n  - split:\n    path: b', 5, /split: expected the name of a split/],
    [
      'configs:\n- config_name: a\n  data_files:\n  - split: a\n    path:',
      6,
      /path: expected a path or glob, or a list/
    ],
    [
      'configs:\n- config_name: a\n  data_files:\n  - split: a\n    path: { b: c }',
      6,
      /path: expected a path or glob, or a list/
    ],
    [
      'configs:\n- config_name: a\n  data_files:\n  - split: a\n    path: b\n  - split: a\n    path: c',
      7,
      /split: expected each split once.*found "a" twice/
    ],
    ['configs:\n- config_name: a\n  data_files: { train: }', 4, /train: expected a path or glob/],
    ['configs:\n- config_name: a\n  data_files: { a-b: c }', 4, /a-b: expected the name of a split/]
  ] as const) {
    t.throws(() => cardOf(yaml), { code: 'ERR_DATASET', message }, yaml)
    t.throws(() => cardOf(yaml), { message: new RegExp(`README\\.md:${place}:\\d`) }, yaml)
  }
})

t.test('aliases that multiply are refused', async t => {
  const yaml = [
    'a: &a [x,x,x,x,x,x,x,x,x,x]',
    ...Array.from('bcdefgh', (letter, i) => `${letter}: &${letter} [${Array(10).fill('*' + 'abcdefgh'[i]!).join()}]`)
  ].join('\n')
  t.throws(() => cardOf(yaml), { code: 'ERR_DATASET', message: /has YAML that can't be read/ })
})

t.test('a malicious card is refused at once, with its line', async t => {
  const repeated = (text: string, length = LENGTH): string => text.repeat(Math.ceil(length / text.length))
  for (const [name, yaml, message] of [
    ['mistakes', `a: [${','.repeat(howMany(2e4, 4e5))}]`, /README\.md:2:6: has invalid YAML: Unexpected , in flow/],
    ['mistakes of blocks', '- a\nb: c\n'.repeat(howMany(2000, 4e4)), /README\.md:3:1: has invalid YAML/],
    ['brackets', `a: ${repeated('[')}`, /README\.md:2:104: is nested too deeply: expected at most 100 levels/],
    ['braces', `a: ${repeated('{a: ')}`, /is nested too deeply/],
    ['lists', repeated('- '), /README\.md:2:201: is nested too deeply/],
    ['keys', repeated('? '), /is nested too deeply/],
    [
      'blank lines',
      `a: b${repeated('\n', 1e6)}c: d`,
      /README\.md:1:1: has too much YAML: expected at most 500000 tokens/
    ],
    ['one repeated key', repeated('a:\n', 1e6), /has too much YAML/],
    ['aliases', `a: &a b\nc:\n${'- *a\n'.repeat(101)}`, /README\.md:104:3: has too many aliases: expected at most 100/],
    ['licences', `license:\n${'- mit\n'.repeat(201)}`, /README\.md:3:1: license: expected at most 200 licences/]
  ] as const) {
    if (name === 'one repeated key' && !isThorough()) continue // reaches the same limit as blank lines
    t.throws(() => cardOf(yaml), { code: 'ERR_DATASET', message }, name)
  }
  const spaces = repeated(' ')
  t.match(cardOf(`license: mit${spaces}\npretty_name: "${repeated('x ')}"`).license, ['mit'])
  t.match(
    cardOf(`a: !!omap [${Array.from({ length: 1e4 }, (_, i) => `k${i}: 1`).join()}]\nlicense: mit`).license, ['mit'],
    'entries are not compared pairwise'
  )
  t.match(readCard(`---\n${repeated('---x\n')}`), EMPTY_CARD)
})

t.test('a card with very many subsets is read', async t => {
  const subsets = Array.from({ length: SUBSETS }, (_, i) => `- config_name: s${i}\n  data_files:\n  - split: ` +
    `train\n    path: data/s${i}/train/*.parquet\n  - split: test\n    path: data/s${i}/test/*.parquet\n`)
  const { configs } = cardOf(`license: odc-by\nconfigs:\n${subsets.join('')}`)
  const last = `s${SUBSETS - 1}`
  t.match([configs.length, configs.at(-1)], [
    SUBSETS,
    { name: last, dataFiles: [{ split: 'train' }, { split: 'test', paths: [`data/${last}/test/*.parquet`] }] }
  ])
})
