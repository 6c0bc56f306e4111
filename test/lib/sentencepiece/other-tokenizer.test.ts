import { gzipSync } from 'node:zlib'
import { t } from '../../tap.ts'
import { readModel } from '../../../lib/sentencepiece/model.ts'

t.test('a file that is not a SentencePiece model is reported by its kind', async t => {
  for (const [bytes, is] of [
    ['{\n  "version": "1.0",\n  "added_tokens": []', /x: is a tokenizer\.json of Hugging Face's tokenizers/],
    ['{"hello": 0}', /x: is JSON, which sluice can't encode with/],
    ['IQ== 0\nIg== 1\n', /x: is a tiktoken file/],
    ['<unk>\t0\n<s>\t0\n▁the\t-3.1\n', /x: is a \.vocab file, which lists the pieces of a model/],
    ['#version: 0.2\nĠ t\n', /x: is a merges\.txt/],
    ['[PAD]\n[unused0]\n', /x: is a vocab\.txt of WordPiece/],
    [gzipSync('x'), /x: is gzip data; decompress it first, with gzip -dc; expected a SentencePiece/],
    [
      'version https://git-lfs.github.com/spec/v1\noid sha256:0\n',
      /x: is a Git LFS pointer.*; expected a SentencePiece \.model file/
    ],
    ['<!DOCTYPE html><html>', /x: is an HTML page/],
    [Buffer.of(0xba, 0x16, 0x4f, 0x2f, 12, 0, 0, 0), /x: is a model of fastText/],
    ['nothing known', /x: not a SentencePiece model/]
  ] as const) t.throws(() => readModel(Buffer.from(bytes), 'x'), { code: 'ERR_TOKENIZER', message: is })
})
