/** Manifests with mistakes, and models that filters can't use. */
import { fixture } from '../helpers.ts'
import { type Cases, GOOD, filter, mixture } from './case.ts'

export const manifestCases: Cases = {
  'no manifest': {
    code: 'ERR_MANIFEST', args: ['process-mixture', 'none.yaml'], says: /none\.yaml: cannot be read: no such file/
  },
  'a manifest that is not YAML': { code: 'ERR_MANIFEST', ...mixture('datasets: [\n'), says: /m\.yaml:2:1: / },
  'an unknown key': {
    code: 'ERR_MANIFEST',
    ...mixture(GOOD.replace('seq_len', 'seqlen')),
    says: /m\.yaml:1:54: unknown key seqlen \(did you mean seq_len\?\)/
  },
  'a wrong type': {
    code: 'ERR_MANIFEST', ...mixture(GOOD.replace('64', 'long')), says: /m\.yaml:1:63: expected a number, got "long"/
  },
  'an unknown filter': {
    code: 'ERR_MANIFEST',
    ...mixture(GOOD.replace('seq_len: 64', 'filters: [dedupe]')),
    says: /m\.yaml:1:64: unknown stage dedupe \(did you mean dedup\?\)/
  },
  'an unknown option of a filter': {
    code: 'ERR_MANIFEST',
    ...mixture(GOOD.replace('seq_len: 64', 'filters: [{ dedup: { windows: 5 } }]')),
    says: /m\.yaml:1:75: unknown key windows \(did you mean window\?\)/
  },
  'a missing file in a manifest': {
    code: 'ERR_MANIFEST',
    ...mixture(GOOD.replace('good.ndjson', 'none.ndjson')),
    says: /m\.yaml:1:41: none\.ndjson: no such file/
  },
  'two components with the same name': {
    code: 'ERR_MANIFEST',
    ...mixture(`${GOOD}\n${GOOD.replace('shards', 'other')}`),
    says: /m\.yaml:2:11: two components have the name a/
  },
  'two components with the same output_dir': {
    code: 'ERR_MANIFEST',
    ...mixture(`${GOOD}\n${GOOD.replace('name: a', 'name: b').replace('shards', './shards/')}`),
    says: /m\.yaml:2:79: two components have the output_dir \.\/shards\//
  },
  'no tokenizer': {
    code: 'ERR_MANIFEST',
    args: ['process-mixture', 'm.yaml'],
    files: { 'm.yaml': GOOD },
    says: /m\.yaml:1:1: the manifest names no tokenizer; set tokenizer\.path/
  },

  'a missing model of a filter': {
    code: 'ERR_MANIFEST',
    ...mixture(GOOD.replace('seq_len: 64', 'filters: [{ classify: { model: none.bin, label: hq, min: 0.5 } }]')),
    says: /m\.yaml:1:85: none\.bin: no such file, expected the file of a model/
  },
  'an unknown label in a manifest': {
    code: 'ERR_MANIFEST',
    ...mixture(GOOD.replace('seq_len: 64', `filters: [{ classify: { model: ${fixture('fasttext/hs.bin')}, label: ` +
      'hq, min: 0.5 } }]')),
    says: /m\.yaml:1:\d+: .*hs\.bin: has no label "hq"; it has __label__de/
  },
  'a file in a manifest that is not a model': {
    code: 'ERR_MANIFEST',
    ...mixture(GOOD.replace('seq_len: 64', 'filters: [{ classify: { model: good.ndjson, label: hq, min: 0.5 } }]')),
    says: /m\.yaml:1:85: good\.ndjson: can't be used as a fastText model/
  },
  'a model without its detector': {
    code: 'ERR_OPTION',
    args: filter('--data-files', 'good.ndjson', '--model', 'good.ndjson'),
    says: /--model is for --detector fasttext/
  },
  'a detector without a language filter': {
    code: 'ERR_OPTION',
    args: filter('--data-files', 'good.ndjson', '--detector', 'fasttext'),
    says: /no language is detected: leave --detector out/
  },
  'a file that is not a model': {
    code: 'ERR_MODEL',
    args: filter(
      '--data-files', 'good.ndjson', '--keep', 'en', '--detector', 'fasttext', '--model',
      'good.ndjson'
    ),
    says: /good\.ndjson: can't be used as a fastText model/
  },
  'an unknown label of a model': {
    code: 'ERR_OPTION',
    args: ['classify', '--model', fixture('fasttext/hs.bin'), '--label', 'hq', '--min', '0.5'],
    input: '{"id":"1","text":"a","meta":{}}\n',
    says: /hs\.bin: has no label "hq"; it has __label__de/
  },
  'an unknown language of a model': {
    code: 'ERR_OPTION',
    args: ['language', '--detector', 'fasttext', '--model', fixture('fasttext/hs.bin'), '--keep', 'nl'],
    input: '{"id":"1","text":"a","meta":{}}\n',
    says: /does not know the language "nl"; it knows de ru/
  }
}
