import { type IncomingHttpHeaders, request } from 'node:http'

export interface Asked {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: Buffer
  /** Whether the connection was cut before the end of the body. */
  readonly cut: boolean
}

export interface AskOptions {
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
  /** Returns the response as it is after this time, as if it had been cut. */
  readonly timeoutMs?: number
}

/** One request on a new connection, without redirects. Fails if there is no response at all. */
export async function ask (
  address: string,
  { method = 'GET', headers = {}, body, timeoutMs = 5000 }: AskOptions = {}
): Promise<Asked> {
  return await new Promise((resolve, reject) => {
    let late = (): void => { asking.destroy(new Error('no answer in time')) }
    const asking = request(address, { method, headers, agent: false }, answer => {
      const chunks: Buffer[] = []
      const end = (cut: boolean): void => {
        resolve({
          status: answer.statusCode!, headers: answer.headers, body: Buffer.concat(chunks), cut
        })
      }
      late = () => {
        answer.destroy()
        end(true)
      }
      answer.on('data', (chunk: Buffer) => { chunks.push(chunk) }).on('end', () => { end(false) })
        .on('error', () => { end(true) })
    })
    asking.on('error', reject)
    const timer = setTimeout(() => { late() }, timeoutMs)
    asking.on('close', () => { clearTimeout(timer) })
    asking.end(body)
  })
}

/** Like `ask`, with redirects; the token is sent to its host only. */
export async function follow (address: string, options: AskOptions = {}): Promise<Asked> {
  const asked = await ask(address, options)
  if (asked.status !== 302 && asked.status !== 307) return asked
  const next = new URL(asked.headers.location!, address)
  const { Authorization: _, ...headers } = options.headers ?? {}
  return await follow(String(next), {
    ...options, headers: next.host === new URL(address).host ? options.headers ?? {} : headers
  })
}
