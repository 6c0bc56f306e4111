import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import type { Test } from 'tap'
import { ROOT, isThorough, ndjsonOf, put, temporaryFolder } from '../helpers.ts'
import { setHubEnvironment } from './environment.ts'
import { startHub } from './stand-in.ts'
import type { HubOptions, RepoOptions } from './types.ts'

/** A dataset with the layout of `allenai/c4`, for the examples of the README. */
export const C4: RepoOptions = {
  name: 'allenai/c4',
  files: {
    'README.md': '---\nlicense:\n- odc-by\nconfigs:\n- config_name: en\n  data_files:\n  - split: train\n    path: ' +
      'en/c4-train.*.json.gz\n- config_name: realnewslike\n  data_files:\n  - split: train\n    path: ' +
      'realnewslike/*.json.gz\n---\n# C4\n',
    ...Object.fromEntries([0, 1].map(n => [`en/c4-train.0000${n}-of-01024.json.gz`, {
      base64: gzipSync(ndjsonOf(Array.from({ length: 8 }, (_, i) => ({
        text: `The water of river ${n} goes over weir ${i}, and on to the mill.`, url: `https://example.org/${n}/${i}`
      })))).toString('base64')
    }])),
    'realnewslike/c4-train.00000-of-00512.json.gz': { base64: gzipSync('{"text":"News."}\n').toString('base64') }
  }
}

/** A Hub in a separate process, for commands that block this one; the environment names it until the test ends. */
export async function hubProcess (t: Test, options: HubOptions): Promise<string> {
  const config = put(temporaryFolder(t), 'hub.json', JSON.stringify(options))
  const child = spawn(
    process.execPath, [join(ROOT, 'dist/test/hub/main.js'), config], { stdio: ['pipe', 'pipe', 'inherit'] }
  )
  t.teardown(() => { child.stdin.end() })
  const [line] = await once(child.stdout, 'data') as [Buffer]
  const endpoint = line.toString().trim()
  t.teardown(setHubEnvironment({ HF_ENDPOINT: endpoint }))
  return endpoint
}

/** A Hub for `command` and `programPrints`: it runs in the test process if these do. */
export async function hubForCommands (t: Test, options: HubOptions): Promise<void> {
  if (isThorough()) {
    await hubProcess(t, options)
    return
  }
  const hub = await startHub(options)
  t.teardown(async () => { await hub.close() })
  t.teardown(setHubEnvironment({ HF_ENDPOINT: hub.endpoint }))
}
