import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { once } from 'node:events'
import { open, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Readable, Writable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { ParquetWriter, fileWriter, schemaFromColumnData } from 'hyparquet-writer'
import { request } from 'undici'
import type { Document } from '../../lib/document.ts'
import { ndjson } from '../../sources/ndjson.ts'
import type { Content, LoggedRequest, Plan } from '../hub/types.ts'

const ROWS_A_GROUP = 2000

/** The stand-in Hub in a separate process. */
export interface HubProcess {
  readonly endpoint: string
  misbehave: (plan: Plan) => Promise<void>
  requests: () => Promise<readonly LoggedRequest[]>
  /** Ends it. */
  close: () => Promise<void>
}

/** @param files of the dataset `bench/data` */
export async function startHubProcess (folder: string, files: Readonly<Record<string, Content>>): Promise<HubProcess> {
  const config = join(folder, 'hub.json')
  await writeFile(config, JSON.stringify({ repos: [{ name: 'bench/data', files, lfs: 'all' }] }))
  const child = spawn(
    process.execPath, [fileURLToPath(new URL('../hub/main.js', import.meta.url)), config],
    { stdio: ['pipe', 'pipe', 'pipe'] }
  ) as ChildProcessByStdio<Writable, Readable, Readable>
  const ended = once(child, 'close')
  const errors = text(child.stderr)
  const started = await Promise.race([once(child.stdout, 'data'), ended.then(() => null)])
  if (started === null) throw new Error(`the stand-in Hub has not started: ${await errors}`)
  const endpoint = String(started[0]).trim()
  return {
    endpoint,
    async misbehave (plan) {
      await (await request(`${endpoint}/stand-in/misbehave`, {
        method: 'POST', body: JSON.stringify(plan)
      })).body.dump()
    },
    async requests () { return await (await request(`${endpoint}/stand-in/requests`)).body.json() as LoggedRequest[] },
    async close () {
      child.stdin.end()
      await ended
    }
  }
}

/** Writes a file repeatedly into another one, up to a minimal size. */
export async function writeRepeated (from: string, to: string, bytes: number): Promise<number> {
  const content = await readFile(from)
  const file = await open(to, 'w')
  try {
    let written = 0
    for (; written < bytes; written += content.length) await file.writeFile(content)
    return written
  } finally {
    await file.close()
  }
}

/** Writes the documents of a file as parquet, with as many columns as a crawl; only the text column is large. */
export async function writeColumns (from: string, to: string): Promise<void> {
  const markupOf = ({ text }: Document): string => `<p>${[...text].reverse().join('')}</p>`
  const columnsOf = (group: readonly Document[]) => [
    { name: 'text', data: group.map(({ text }) => text), type: 'STRING' as const },
    { name: 'id', data: group.map(({ id }) => id), type: 'STRING' as const },
    { name: 'url', data: group.map(({ id }, i) => `https://example.org/${id}/${i}`), type: 'STRING' as const },
    { name: 'markup', data: group.map(markupOf), type: 'STRING' as const },
    { name: 'language_score', data: group.map(({ text }) => text.length % 97 / 97), type: 'DOUBLE' as const },
    { name: 'token_count', data: group.map(({ text }) => text.length), type: 'INT32' as const }
  ]
  const writer = new ParquetWriter({
    writer: fileWriter(to), schema: schemaFromColumnData({ columnData: columnsOf([]) })
  })
  let group: Document[] = []
  const write = async (): Promise<void> => {
    if (group.length > 0) await writer.write({ columnData: columnsOf(group), rowGroupSize: ROWS_A_GROUP })
    group = []
  }
  for await (const document of ndjson(from) as AsyncIterable<Document>) {
    if (group.push(document) === ROWS_A_GROUP) await write()
  }
  await write()
  await writer.finish()
}
