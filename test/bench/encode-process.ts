/**
 * What the encode benchmark measures in a process of its own; prints one JSON value.
 *
 * `load MODEL`, `load-wasm MODEL`: seconds of CPU time. `memory NDJSON [MODEL TABLE_BYTES]`: bytes of resident memory,
 * after each of three kinds of text; without a model they are only read. Wants `--expose-gc`. `lines FILE MODEL RUNS`:
 * seconds of CPU time for each run, after one that warms up, each with a new tokenizer. No other work is in the
 * process, as for `spm_encode`.
 */
import { readFile } from 'node:fs/promises'
import { setTimeout } from 'node:timers/promises'
import type { Document } from '../../lib/document.ts'
import { cpuSeconds } from './measure.ts'

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

/** With the import of the modules, which `sentencepiece-js` can't be loaded without either. */
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
  const { ndjson } = await import('../../sources/ndjson.ts') // not for `load`, which would find modules loaded
  const texts: string[] = []
  for await (const { text } of ndjson(path) as AsyncIterable<Document>) texts.push(text)
  // Out of bytes: a string that was joined or repeated becomes another one when it is read.
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

/** Encodes texts one by one, into the same memory for ids. */
async function encoder (model: string, tableBytes?: number): Promise<(text: string) => void> {
  const { loadTokenizer } = await import('../../lib/tokenizer/tokenizer.ts')
  const { IdBuffer } = await import('../../lib/sentencepiece/id-buffer.ts')
  const { append } = await loadTokenizer(model, tableBytes === undefined ? {} : { tableBytes })
  const ids = new IdBuffer()
  return text => {
    ids.clear()
    append(text, ids)
  }
}

/** Resident memory, without garbage. */
async function residentBytes (): Promise<number> {
  if (globalThis.gc === undefined) throw new Error('expected --expose-gc')
  // What is freed goes back to the system between the events, not all of it at once.
  for (let i = 0; i < 4; i++) {
    globalThis.gc()
    await setTimeout(20)
  }
  return process.memoryUsage.rss()
}
