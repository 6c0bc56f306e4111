/** What the documentation says is what the code says, and what it shows runs. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Test, t } from './tap.ts'
import { z } from 'zod'
import { errorCodes } from '../lib/errors.ts'
import { readManifest } from '../recipes/manifest/read.ts'
import type { OptionsSchema } from '../lib/options.ts'
import { packageVersion } from '../lib/package.ts'
import { commands } from '../recipes/cli/commands.ts'
import { knownStages, sources, transforms } from '../recipes/stages.ts'
import { npySinkOptions } from '../sinks/npy.ts'
import { hfOptions } from '../sources/hf.ts'
import { command as run, programPrints } from './commands.ts'
import { C4, hubForCommands } from './hub/process.ts'
import { ROOT, folderLikeCheckout, isThorough, put, runProgram, temporaryFolder } from './helpers.ts'

const read = (name: string): string => readFileSync(join(ROOT, name), 'utf8')
const README = read('README.md')

/** What the quickstart trains, which these tests don't wait for. */
const QUICKSTART_MODEL = 'data/quickstart/tokenizer/spm_8000_unigram.model'

/** The code blocks of the README in a language. */
const blocks = (language: string): string[] =>
  [...README.matchAll(new RegExp(`^\`\`\`${language}\n(.*?)^\`\`\``, 'gms'))].map(match => match[1]!)

/** What code prints that stands in a file of a folder like a checkout. */
async function codePrints (t: Test, code: string): Promise<string> {
  const cwd = folderLikeCheckout(t)
  put(cwd, 'shown.mjs', code)
  return await programPrints('shown.mjs', [], cwd)
}

t.test('every option of every stage has its row, with its default and description', async t => {
  const schemas: Record<string, OptionsSchema> = {
    ...Object.fromEntries(Object.entries(sources).map(([name, { options }]) => [name, options])),
    hf: hfOptions,
    npySink: npySinkOptions
  }
  for (const name of Object.keys(schemas)) t.match(README, `| **\`${name === 'json' ? 'ndjson' : name}\`** | | | `)
  for (const [name, { options }] of Object.entries(transforms)) {
    t.match(README, `| **\`${name}\`** | | | transform: ${options.description} |`)
    schemas[name] = options
  }
  for (const schema of Object.values(schemas)) {
    for (const [key, field] of Object.entries(schema.shape)) {
      const { default: fallback } = z.toJSONSchema(field, { io: 'input', unrepresentable: 'any' })
      t.match(README, '| ' +
        `| \`${key}\` | ${fallback === undefined ? '' : `\`${JSON.stringify(fallback).replaceAll('"', '')}\``} | ` +
        `${field.description} |`)
    }
  }
})

/** The names that a module of ours exports from others, types among them. */
function exportedBy (path: string): string[] {
  return [...read(path).matchAll(/^export (?:type )?\{([^}]*)\}/gm)].flatMap(([, names]) =>
    names!.replace(/\/\*.*?\*\//g, '').split(',').map(name => name.trim().replace(/^type /, '').replace(/^.* as /, '')))
}

/** The names that docs/api.md has a line for, in a section or in those that have no module's name. */
function documentedIn (isSection: (title: string) => boolean): string[] {
  return read('docs/api.md').split('\n## ').slice(1).filter(section => isSection(section.split('\n', 1)[0]!))
    .flatMap(section => [...section.matchAll(/^- `(\w+)`/gm)].map(([, name]) => name!))
}

t.test('every name of the index has its line in docs/api.md, and so have those of the other modules', async t => {
  const index = exportedBy('recipes/index.ts')
  t.ok(index.length > 100, `${index.length} names`)
  t.strictSame(documentedIn(title => !title.startsWith('`sluice/')).sort(), index.sort())
  for (const part of ['fasttext', 'hub', 'sentencepiece', 'tokenizer', 'trainer']) {
    t.strictSame(
      documentedIn(title => title === `\`sluice/${part}\``).sort(), exportedBy(`lib/${part}/index.ts`).sort(), part
    )
  }
  t.notMatch(read('docs/api.md'), /: $/m, 'each line says something')
})

t.test('every stage of the tables is in the index', async t => {
  const index = await import('sluice') as Readonly<Record<string, unknown>>
  const names = [
    ...Object.keys(sources).map(name => ({ json: 'ndjson', text: 'textLines' })[name] ?? name),
    'hf',
    ...Object.keys(transforms),
    'ndjsonSink',
    'npySink',
    'textSink'
  ]
  for (const name of names) t.type(index[name], 'function', name)
})

t.test('every error code has its row, with its exit code', async t => {
  for (const [code, { exit, means }] of Object.entries(errorCodes)) {
    t.match(README, `| \`${code}\` | ${exit} | ${means} |`)
  }
})

t.test('every command and every script that is named is there', async t => {
  for (const name of Object.keys(commands)) t.match(README, new RegExp(`\`${name}[\` ]`))
  const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> }
  for (const [, name] of `${README}${read('CONTRIBUTING.md')}`.matchAll(/npm run (?:-s )?([a-z]+)/g)) {
    t.ok(scripts[name!], `npm run ${name}`)
  }
  t.match(README, 'npm ci && npm run quickstart')
  t.match(README, 'npm ci && npm test')
})

t.test('the code form runs as it stands, and prints what it says', async t => {
  const [block] = blocks('js')
  const printed = await codePrints(t, block!)
  t.equal(printed.trim(), /console\.log\(.*\) \/\/ (.*)/.exec(block!)![1])
})

t.test('the pipe form and the mixture form run as they stand', async t => {
  await hubForCommands(t, { repos: [C4] })
  const define = `sluice () { "${process.execPath}" dist/recipes/cli/main.js "$@"; }\nset -euo pipefail\n`
  const cwd = folderLikeCheckout(t)
  for (const block of blocks('sh').filter(block => block.includes('sluice '))) {
    const script = block.replaceAll(QUICKSTART_MODEL, 'test/fixtures/quickstart.model')
    if (isThorough()) {
      t.doesNotThrow(() => runProgram('bash', ['-c', define + script], cwd), block)
      continue
    }
    // Without a shell, whose every command is a process: each command of a pipe is given what the one before it has printed.
    for (const line of script.trim().replaceAll('|\n', '|').split('\n')) {
      let input = ''
      for (const command of line.split('|')) {
        const [name, ...args] = command.trim().split(/ +/).map(word => word.replace(/^'(.*)'$/, '$1'))
        t.equal(name, 'sluice')
        if (args[0] === 'process-mixture' || args[0] === 'train-tokenizer') args.push('--workers', '1') // threads take longer to start than these inputs
        if (args[0] === 'train-tokenizer') args.push('--normalization-rule-name', 'identity') // those of nmt_nfkc take long to compile
        const { code, stdout, stderr } = await run(args, { cwd, input })
        t.equal(code, 0, `${command}: ${stderr}`)
        input = stdout
      }
    }
  }
})

t.test('the form for the Hub runs as it stands', async t => {
  await hubForCommands(t, { repos: [C4] })
  const block = blocks('js').find(block => block.includes('hf('))!
  const printed = await codePrints(t, block)
  t.match(printed, /^allenai\/c4 [0-9a-f]{40} \[ 'odc-by' \]\n10 /)
})

t.test('the manifests in the README are some', async t => {
  const hub = await readManifest(put(temporaryFolder(t), 'hub.yaml', blocks('yaml').find(block =>
    block.includes('allenai/c4'))!), knownStages)
  t.match(hub, { datasets: [{ dataset: 'allenai/c4', subset: 'en', sourceOptions: { columns: ['url'] } }] })
  const manifest = await readManifest(put(temporaryFolder(t), 'readme.yaml', blocks('yaml')[0]!), knownStages)
  t.match(manifest, { name: 'example', datasets: [{ name: 'mail', filters: { length: 5 } }] })
})

t.test('the changelog has this version', async t => {
  t.match(read('CHANGELOG.md'), `## ${packageVersion()}`)
})
