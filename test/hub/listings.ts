import type { Answer, Exchange } from './exchange.ts'

/** Malicious listings of a Hub. */
export function withFault (exchange: Exchange, answer: Answer): Answer {
  if (answer.status !== 200 || !Buffer.isBuffer(answer.body)) return answer
  const listed = exchange.met('listed')
  if (listed !== null) {
    const entries = JSON.parse(answer.body.toString()) as object[]
    return { ...answer, body: Buffer.from(JSON.stringify([...entries, entryOf(listed.path)])) }
  }
  const endless = exchange.met('endless')
  if (endless === null) return answer
  const address = new URL(exchange.request.url!, 'http://hub.example')
  const from = Number(address.searchParams.get('from') ?? 0)
  const entries = Array.from({ length: endless.entries }, (_, i) => entryOf(`data/train-${from + i}.jsonl`))
  address.searchParams.set('from', String(from + Math.max(1, entries.length)))
  return {
    ...answer,
    headers: {
      ...answer.headers,
      Link: `<http://${exchange.request.headers.host!}${address.pathname}${address.search}>; rel="next"`
    },
    body: Buffer.from(JSON.stringify(entries))
  }
}

function entryOf (path: string): object {
  return { type: 'file', oid: 'a'.repeat(40), size: 1, path }
}
