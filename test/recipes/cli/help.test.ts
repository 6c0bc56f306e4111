import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { kebabCase } from '../../../lib/options.ts'
import { flagOf } from '../../../recipes/cli/command.ts'
import { allCommands } from '../../../recipes/cli/commands.ts'
import { command as run } from '../../commands.ts'
import { ROOT } from '../../helpers.ts'
import { t } from '../../tap.ts'

const commands = await allCommands()

const helpOf = async (...args: readonly string[]): Promise<string> => {
  const { code, stdout, stderr } = await run(args)
  t.match({ code, stderr }, { code: 0, stderr: '' })
  return stdout
}

/** Lines under a heading of the help. */
function partOf (help: string, heading: string): string[] {
  const lines = help.split('\n')
  const start = lines.indexOf(`${heading}:`)
  const end = lines.findIndex((line, i) => i > start && !line.startsWith('  '))
  return start === -1 ? [] : lines.slice(start + 1, end)
}

for (const [name, { options, argument, aliases, required }] of Object.entries(commands)) {
  t.test(`sluice help ${name}`, async t => {
    const help = await helpOf('help', name)
    t.equal(help, await helpOf(name, '--help'))
    t.strictSame(help.split('\n').filter(line => line.length > 80), [], 'it fits into 80 columns')
    const examples = partOf(help, 'Examples')
    t.ok(examples.length > 0 && examples.every(line => line.includes(`sluice ${name}`)), 'it has examples')
    const known = ['json', 'quiet', 'help', ...Object.keys(options.shape).map(kebabCase)]
    const own = examples.join('\n').matchAll(new RegExp(`sluice ${name}\\b([^|\\n]*)`, 'g'))
    const used = [...own].flatMap(([given]) => given.match(/(?<= --)[a-z-]+/g) ?? [])
    t.strictSame(used.filter(flag => !known.includes(flag)), [], 'the flags in them exist')
    t.match(partOf(help, 'Next').join(' '), /\w.*\./, 'it names the next step')
    t.ok(partOf(help, 'General').length >= 3, 'flags are in groups')
    const isRequired = argument?.[0].startsWith('<') === true
    t.equal(/\(required\)/.test(partOf(help, 'Arguments').join(' ')), isRequired, 'a required argument is marked')
    for (const [key, field] of Object.entries(options.shape)) {
      const [item = ''] = new RegExp(`^ {2}${flagOf(key)}(?: .*)?\\n(?: {4,}.*\\n)*`, 'm').exec(help) ?? []
      const text = item.replace(/\s+/g, ' ')
      const mustBeGiven = required.includes(key) || !field.safeParse(undefined).success
      t.equal(text.includes('(required)'), mustBeGiven, `${key}: required flags are marked`)
      for (const [alias, option] of Object.entries(aliases.python ?? {})) {
        if (option === key) t.match(text, `(alias: ${flagOf(alias)})`, `${alias} is documented`)
      }
    }
  })
}

t.test('each flag in the help has a description', async t => {
  for (const name of Object.keys(commands)) {
    const lines = (await helpOf('help', name)).split('\n')
    const bare = lines.filter((line, i) => /^ {2}-\S+( <[^>]*>)?$/.test(line) && !/^ {10}/.test(lines[i + 1] ?? ''))
    t.strictSame(bare, [], name)
  }
  t.match(await helpOf('help', 'train-tokenizer'), /--no-byte-fallback +turn off --byte-fallback\n/)
})

t.test('sluice help lists every command, in 80 columns', async t => {
  const help = await helpOf('help')
  t.equal(help, await helpOf('--help'))
  t.strictSame(help.split('\n').filter(line => line.length > 80), [])
  for (const name of Object.keys(commands)) t.match(help, new RegExp(`^ {2}${name}\\b`, 'm'))
  t.ok(partOf(help, 'Examples').length > 0)
})

t.test('help for an unknown command is a mistake', async t => {
  t.match(await run(['help', 'filter-corpse']), { code: 2, stderr: /unknown command 'filter-corpse'/ })
})

t.test('a closed pipe ends the help without an error', async t => {
  for (const args of [['--help'], ['check', '--help']]) {
    const child = spawn(process.execPath, [join(ROOT, 'dist/recipes/cli/main.js'), ...args])
    child.stdout.destroy()
    const errors = text(child.stderr)
    t.strictSame(await once(child, 'close'), [0, null], args.join(' '))
    t.equal(await errors, '', args.join(' '))
  }
})
