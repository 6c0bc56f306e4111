import { codeOf, messageOf } from '../../lib/errors.ts'
import { HubHttp } from '../../lib/hub/http.ts'
import { Hub } from '../../lib/hub/hub.ts'
import { resolveDataset } from '../../lib/hub/resolve.ts'
import { HOSTILE } from './misbehaviour.ts'
import { startHub } from './stand-in.ts'

const TOKEN = 'hf_secretsecretsecretsecretsecretsecre'

/** Paths of the requests for resolving a dataset. */
const EXPECTED = [
  /^\/api\/datasets\/o\/n\/(?:revision|tree|paths-info)\//,
  /^\/datasets\/o\/n\/resolve\/\w+\/README\.md$/,
  /^\/api\/resolve-cache\/datasets\/o\/n\/\w+\/README\.md\?/
]

/** Resolves a dataset on a hostile Hub, once for each kind of attack. @returns what is wrong with the outcomes */
export async function hostileRuns (): Promise<string[]> {
  const found = await Promise.all(HOSTILE.map(async ({ fault, on, error }) => {
    const standIn = await startHub({
      token: TOKEN,
      repos: [{
        name: 'o/n',
        files: { 'README.md': `---\nlicense: mit\n---\n${'x'.repeat(1000)}`, 'data/a.jsonl': '{"text":"a"}\n' }
      }]
    })
    const http = new HubHttp({
      endpoint: standIn.endpoint,
      token: TOKEN,
      offline: false,
      maxRetries: 20,
      timeout: 200,
      retryDelay: 1,
      mostEntries: 5000
    })
    try {
      standIn.misbehave({ fault, ...(on !== undefined && { on }), times: Infinity })
      const ended = await resolveDataset(new Hub(http), {
        dataset: 'o/n', subset: null, split: 'train', revision: 'main', dataFiles: null
      }).then(() => 'no error', (cause: unknown) => `${codeOf(cause)} ${messageOf(cause)}`)
      const what = `${JSON.stringify(fault).slice(0, 100)}${on === undefined ? '' : ` on ${JSON.stringify(on)}`}`
      const asked = standIn.requests.filter(({ path }) => !EXPECTED.some(expected => expected.test(path)))
      return [
        ...(error.test(ended) ? [] : [`${what}: ${ended.slice(0, 500)}, expected ${error.source}`]),
        ...asked.map(({ path }) => `${what}: requested ${path}`),
        ...standIn.leaks
      ]
    } finally {
      await http.close()
      await standIn.close()
    }
  }))
  return found.flat()
}
