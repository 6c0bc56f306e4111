import { execFileSync, spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'

/** Each input line is a text as a JSON string; each output line has its ids. */
const ENCODE = `
import json, sys, sentencepiece
processor = sentencepiece.SentencePieceProcessor(model_file=sys.argv[1])
for line in sys.stdin: print(json.dumps(processor.encode(json.loads(line)), separators=(",", ":")))`

/** Why SentencePiece's commands can't be used; undefined if they can. */
export function missingCommands (): string | undefined {
  return ['spm_train', 'spm_normalize', 'spm_encode'].map(missingCommand).find(reason => reason !== undefined)
}

function missingCommand (command: string): string | undefined {
  const { error, stdout } = spawnSync(command, ['--version'], { encoding: 'utf8' })
  if (error !== undefined) return `the command ${command} is not installed`
  return stdout.includes('0.1.97') ? undefined : `${command} is ${stdout.trim()}, expected 0.1.97`
}

/** Runs a command. @returns its output */
export function run (command: string, ...args: readonly string[]): string {
  return execFileSync(command, args, { encoding: 'utf8', maxBuffer: 2 ** 30, stdio: ['ignore', 'pipe', 'ignore'] })
}

/** Trains a model with `spm_train`. @returns its path */
export function spmTrain (prefix: string, corpus: string, ...options: readonly string[]): string {
  run('spm_train', `--input=${corpus}`, `--model_prefix=${prefix}`, '--num_threads=2', ...options)
  return `${prefix}.model`
}

/** The ids of texts by SentencePiece's Python module, as JSON. */
export function pythonIds (model: string, texts: readonly string[]): string[] {
  const input = texts.map(text => JSON.stringify(text) + '\n').join('')
  return execFileSync('/usr/bin/python3', ['-c', ENCODE, model], {
    input, encoding: 'utf8', maxBuffer: 2 ** 30, stdio: ['pipe', 'pipe', 'inherit']
  }).split('\n').slice(0, -1)
}

/** The output of `spm_normalize` for a file, by the rules of a model. */
export function spmNormalize (model: string, input: string): string {
  return run('spm_normalize', `--model=${model}`, '--use_internal_normalization', `--input=${input}`)
}

/** Every Unicode scalar value, as a text. */
export function scalars (): string[] {
  return Array.from({ length: 0x11_0000 }, (_, code) => code).filter(code => code < 0xd800 || code >= 0xe000)
    .map(code => String.fromCodePoint(code))
}

/** The texts of a file of documents. */
export function texts (file: string): string[] {
  const content = readFileSync(file)
  return (file.endsWith('.gz') ? gunzipSync(content) : content).toString().split('\n').filter(line => line !== '')
    .map(line => (JSON.parse(line) as { text: string }).text)
}
