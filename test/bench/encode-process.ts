/**
 * A measurement of the encode benchmark in a separate process; prints one JSON value.
 *
 * `load MODEL`, `load-wasm MODEL`: seconds of CPU time. `memory NDJSON [MODEL TABLE_BYTES]`: bytes of resident memory
 * after each of three kinds of text; without a model the texts are only read. Needs `--expose-gc`. `lines FILE MODEL
 * RUNS`: seconds of CPU time for each run after one warm-up run, each with a new tokenizer. Like `spm_encode`, the
 * process does no other work.
 */
import { readFile } from 'node:fs/promises'
import type { Document } from '../../lib/document.ts'
import { cpuSeconds } from './measure.ts'
import { residentBytes } from './resident.ts'

const LONG_BYTES = 5_000_000

const [job, path, model, number] = process.argv.slice(2)
process.stdout.write(JSON.stringify(await figures()))

async function figures (): Promise<number | number[]> {
  switch (job) {
    case 'load': return await load(path!)
    case 'load-wasm': return await loadWasm(path!)
    case 'lines': return await lines(path!, model!, Number(number))
    default: return await memory(path!, model, Number(number))
  }
}

/** Includes the import of the modules, which `sentencepiece-js` needs as well. */
async function load (model: string): Promise<number> {
  return await cpuSecondsOf(async () => {
    const { loadTokenizer } = await import('../../lib/tokenizer/tokenizer.ts')
    await loadTokenizer(model)
  })
}

async function loadWasm (model: string): Promise<number> {
  return await cpuSecondsOf(async () => {
    const { loadWasmEncoder } = await import('../../lib/sentencepiece/wasm.ts')
    await loadWasmEncoder(model, '')
  })
}

async function cpuSecondsOf (work: () => Promise<void>): Promise<number> {
  const started = process.cpuUsage()
  await work()
  const { user, system } = process.cpuUsage(started)
  return (user + system) / 1e6
}

async function memory (path: string, model: string | undefined, tableBytes: number): Promise<number[]> {
  const { ndjson } = await import('../../sources/ndjson.ts') // not for `load`, whose modules would be loaded already
  const texts: string[] = []
  for await (const { text } of ndjson(path) as AsyncIterable<Document>) texts.push(text)
  // Creates the text from bytes, because V8 converts a joined or repeated string when it is first read.
  const document = Buffer.from(texts.join('\n')).subarray(0, LONG_BYTES).toString()
  const letters = Buffer.alloc(LONG_BYTES, 'a').toString()
  const encode = model === undefined ? () => {} : await encoder(model, tableBytes)
  const resident: number[] = []
  for (const kind of [texts, [document], [letters]]) {
    for (const text of kind) encode(text)
    resident.push(await residentBytes())
  }
  return resident
}

async function lines (path: string, model: string, runs: number): Promise<number[]> {
  const texts = (await readFile(path, 'utf8')).split('\n').filter(line => line !== '')
  const seconds: number[] = []
  for (let run = 0; run <= runs; run++) {
    const encode = await encoder(model)
    seconds.push(cpuSeconds(() => { for (const text of texts) encode(text) }))
  }
  return seconds.slice(1)
}

/** Encodes texts one by one, into the same buffer for ids. */
async function encoder (model: string, tableBytes?: number): Promise<(text: string) => void> {
  const { loadTokenizer } = await import('../../lib/tokenizer/tokenizer.ts')
  const { IdBuffer } = await import('../../lib/sentencepiece/id-buffer.ts')
  const { append } = await loadTokenizer(model, { version: '0.1.97', ...(tableBytes !== undefined && { tableBytes }) })
  const ids = new IdBuffer()
  return text => {
    ids.clear()
    append(text, ids)
  }
}
