import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { t } from '../../tap.ts'
import { hubSettings } from '../../../lib/hub/settings.ts'
import { put, temporaryFolder } from '../../helpers.ts'

t.test('defaults', async t => {
  const HF_HOME = temporaryFolder(t)
  t.same(await hubSettings({}, { HF_HOME }), {
    endpoint: 'https://huggingface.co',
    token: null,
    offline: false,
    maxRetries: 20,
    timeout: 30_000,
    retryDelay: 500,
    mostEntries: 2_000_000
  })
  t.match(await hubSettings({ maxRetries: 0, timeout: 0.5, retryDelay: 1 }, { HF_HOME }), {
    maxRetries: 0, timeout: 500, retryDelay: 1
  })
  for (const options of [{ maxRetries: -1 }, { timeout: 0 }, { timeout: 1e9 }, { other: 1 }]) {
    t.rejects(hubSettings(options, { HF_HOME }), { code: 'ERR_OPTION', message: /^hub\./ })
  }
})

t.test('the endpoint is read from the environment', async t => {
  const HF_HOME = temporaryFolder(t)
  const endpoint = async (HF_ENDPOINT: string): Promise<string> =>
    (await hubSettings({}, { HF_HOME, HF_ENDPOINT })).endpoint
  t.equal(await endpoint(' https://hub.example//'), 'https://hub.example')
  t.equal(await endpoint('http://localhost:8080/hf/'), 'http://localhost:8080/hf')
  t.equal(await endpoint(' '), 'https://huggingface.co')
  for (const wrong of [
    'hub.example', 'ftp://hub.example', 'https://me:secret@hub.example', 'https://hub.example/?token=secret',
    'https://hub.example/#secret'
  ]) {
    const error = await endpoint(wrong).catch((error: unknown) => error) as Error
    t.match(error, { code: 'ERR_OPTION', message: /^HF_ENDPOINT: expected an address/ }, wrong)
    t.notMatch(error.message, /secret/)
  }
})

t.test('the token is read from the environment or from the file of huggingface-cli', async t => {
  const folder = temporaryFolder(t)
  put(folder, 'home/token', 'hf_home\n')
  put(folder, 'cache/huggingface/token', ' hf_cache\r\n')
  put(folder, 'elsewhere', 'hf_elsewhere')
  put(folder, 'empty/token', '\n')
  const token = async (env: Record<string, string>): Promise<string | null> => (await hubSettings({}, env)).token
  const HF_HOME = join(folder, 'home')
  t.equal(await token({ HF_HOME }), 'hf_home')
  t.equal(await token({ XDG_CACHE_HOME: join(folder, 'cache') }), 'hf_cache')
  t.equal(await token({ HF_HOME, HF_TOKEN_PATH: join(folder, 'elsewhere') }), 'hf_elsewhere')
  t.equal(await token({ HF_HOME, HF_TOKEN: ' hf_own\n' }), 'hf_own')
  t.equal(await token({ HF_HOME, HF_TOKEN: '', HUGGING_FACE_HUB_TOKEN: 'hf_old' }), 'hf_old')
  t.equal(await token({ HF_HOME, HF_TOKEN: 'hf_own', HUGGING_FACE_HUB_TOKEN: 'hf_old' }), 'hf_own')
  t.equal(await token({ HF_HOME, HF_TOKEN: '' }), 'hf_home')
  t.equal(await token({ HF_HOME: join(folder, 'empty') }), null)
  t.equal(await token({ HF_HOME: join(folder, 'none') }), null)
  t.equal(await token({ HF_TOKEN_PATH: join(folder, 'elsewhere/deeper') }), null)
  t.equal(await token({ HF_HOME, HF_HUB_DISABLE_IMPLICIT_TOKEN: '1', HF_TOKEN: 'hf_own' }), null)
  t.equal(await token({ HF_HOME: '~/sluice-has-no-such-folder' }), null)
  for (const [env, where] of [
    [{ HF_TOKEN: 'hf_ö' }, 'HF_TOKEN'],
    [{ HF_TOKEN_PATH: put(folder, 'bad', 'hf_a hf_b') }, join(folder, 'bad')]
  ] as const) {
    const error = await token(env).catch((error: unknown) => error) as Error
    t.match(error, {
      code: 'ERR_OPTION', message: `${where}: expected a token for the Hub, found characters that no token has`
    })
  }
  mkdirSync(join(folder, 'folder'))
  t.rejects(token({ HF_TOKEN_PATH: join(folder, 'folder') }), {
    code: 'ERR_FILES', message: /the token for the Hub should be in this file, which can't be read/
  })
})

t.test('offline mode is read from the environment', async t => {
  const HF_HOME = temporaryFolder(t)
  for (const value of ['1', 'ON', 'yes', 'True']) {
    t.equal((await hubSettings({}, { HF_HOME, HF_HUB_OFFLINE: value })).offline, true)
  }
  for (const value of ['0', 'off', '']) {
    t.equal((await hubSettings({}, { HF_HOME, HF_HUB_OFFLINE: value })).offline, false)
  }
  t.equal((await hubSettings({}, { HF_HOME, HF_DATASETS_OFFLINE: '1' })).offline, true)
})
