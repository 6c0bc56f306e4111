import { t } from '../../tap.ts'
import { parse } from 'yaml'
import { maskSecrets } from '../../../lib/text/mask-secrets.ts'

const HUB = `hf_${'aB3dE'.repeat(7).slice(0, 34)}`

t.test('passwords and tokens are masked', async t => {
  for (const [text, masked] of [
    ['https://user:pa55@host/a.ndjson', 'https://MASKED@host/a.ndjson'],
    ['https://user:p@ss@host:8080/a@b', 'https://MASKED@host:8080/a@b'],
    ['s3://AKIAIOSFODNN7EXAMPLE:wJalr@bucket/key', 's3://MASKED@bucket/key'],
    [`https://${HUB}@huggingface.co/x`, 'https://MASKED@huggingface.co/x'],
    [`revision: ${HUB}`, 'revision: hf_MASKED'],
    ['hf_abc12345', 'hf_MASKED'],
    [`ghp_${'a1'.repeat(18)}, glpat-${'x'.repeat(20)}`, 'ghp_MASKED, glpat-MASKED'],
    [`sk-proj-${'a'.repeat(40)} AKIAIOSFODNN7EXAMPLE`, 'sk-MASKED AKIAMASKED'],
    ['Authorization: Bearer abc.def-ghi', 'Authorization: Bearer MASKED'],
    ['https://host/a?token=abcdef&x=1&X-Amz-Signature=00ff', 'https://host/a?token=MASKED&x=1&X-Amz-Signature=MASKED'],
    [`HF_TOKEN=${HUB}`, 'HF_TOKEN=hf_MASKED'],
    [`HF_TOKEN=hf_oauth_${'eyJ0'.repeat(8)}.${'aB3d'.repeat(8)}`, 'HF_TOKEN=hf_oauth_MASKED'],
    [`api_org_${'aB3dE'.repeat(7)}`, 'api_org_MASKED'],
    ['jwt eyJhbGciOiJFZERTQSJ9.eyJyZWFkIjp0cnVlfQ.c2lnbmF0dXJl!', 'jwt eyJMASKED!'],
    [
      'https://cdn/x?Expires=1&Policy=eyJTdGF0ZW1lbnQ_&Signature=ab~-_cd&Key-Pair-Id=K2L8F4',
      'https://cdn/x?Expires=1&Policy=MASKED&Signature=MASKED&Key-Pair-Id=MASKED'
    ],
    [
      'https://s3/x?X-Amz-Credential=AKIA%2F1&X-Amz-Security-Token=IQoJb3&sig=abcd',
      'https://s3/x?X-Amz-Credential=MASKED&X-Amz-Security-Token=MASKED&sig=MASKED'
    ],
    ['-eyJhbGciOiJFZERTQSJ9.eyJyZWFkIjp0cnVlfQ.c2lnbmF0dXJl', '-eyJMASKED'],
    ['eyJhbGciOiJFZERTQSJ9.short.eyJhbGciOiJFZERTQSJ9.eyJyZWFkIjp0cnVlfQ.', 'eyJhbGciOiJFZERTQSJ9.short.eyJMASKED'],
    ['x-api-secret-token: abcd1234', 'x-api-secret-token: MASKED'],
    ['# password: hunter2', '# password: MASKED'],
    ['{"api_key": "abcdefgh"}', '{"api_key": "MASKED"}']
  ] as const) {
    t.equal(maskSecrets(text).text, masked)
    t.equal(maskSecrets(text).masked, masked.split('MASKED').length - 1, text)
  }
})

t.test('other text is unchanged', async t => {
  for (const text of [
    'tokenizer: { vocab_size: 32000 }',
    'unk_token: <unk>',
    'tokenizer_output_dir: artifacts/tokenizer',
    'hf_transformers_docs',
    'hf_wiki',
    'https://host/path@revision',
    'data_files: data/a@b/*.ndjson',
    'sk-wikipedia-20240601-articles',
    'mail: someone@example.org',
    `sha256: ${'ab'.repeat(32)}`
  ]) t.strictSame(maskSecrets(text), { text, masked: 0 })
})

t.test('masked YAML is still YAML', async t => {
  const text = `- { name: a, data_files: [${HUB}, "https://u:p@h/x"], revision: ${HUB} } # secret: ${HUB}`
  t.strictSame(parse(maskSecrets(text).text), [{
    name: 'a', data_files: ['hf_MASKED', 'https://MASKED@h/x'], revision: 'hf_MASKED'
  }])
})

t.test('texts of a megabyte are masked in linear time', async t => {
  for (const part of ['a.', 'api-', 'eyJ-', 'eyJaaaaaaaa.', 'a://', 'hf_', 'token ', 'Bearer  (', '?Policy=', ':']) {
    const text = part.repeat(1e6 / part.length)
    t.equal(maskSecrets(`${text} password=hunter2`).text.endsWith(' password=MASKED'), true, part)
  }
})
