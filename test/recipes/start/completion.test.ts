import { execFileSync, spawnSync } from 'node:child_process'
import { t } from '../../tap.ts'
import { allCommands } from '../../../recipes/cli/commands.ts'
import { completionScript } from '../../../recipes/start/completion.ts'
import { command } from '../../commands.ts'
import { put, temporaryFolder } from '../../helpers.ts'

const commands = await allCommands()

const isInstalled = (shell: string): boolean => spawnSync(shell, ['-c', 'true']).status === 0

/** The completions by bash's script for the last of some words. */
function bashOffers (...words: readonly string[]): string[] {
  const program = `${completionScript('bash', commands)}
COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
_sluice
printf '%s\\n' "\${COMPREPLY[@]}"`
  const printed = execFileSync('bash', ['-c', program, 'bash', ...words], { encoding: 'utf8' })
  return printed.split('\n').filter(line => line !== '')
}

const NEEDS_BASH = { skip: isInstalled('bash') ? false : 'bash is not installed' }

t.test('bash completes commands, flags and values; paths are left to the shell', NEEDS_BASH, async t => {
  t.strictSame(bashOffers('sluice', ''), [...Object.keys(commands), 'help', '--help', '--version'])
  t.strictSame(bashOffers('sluice', 'che'), ['check', 'check-tokenizer', 'check-coverage'])
  t.strictSame(bashOffers('sluice', 'init', '--f'), ['--force'])
  t.strictSame(bashOffers('sluice', 'run', 'mix.yaml', '--dry'), ['--dry-run'])
  t.strictSame(bashOffers('sluice', 'shard-corpus', '--dtype', ''), ['int32', 'uint16', 'uint32'])
  t.strictSame(bashOffers('sluice', 'shard-corpus', '--dtype', 'u'), ['uint16', 'uint32'])
  t.strictSame(bashOffers('sluice', 'train-tokenizer', '--no-hard'), ['--no-hard-vocab-limit'])
  t.strictSame(bashOffers('sluice', 'completion', ''), ['bash', 'zsh', 'fish'])
  t.strictSame(bashOffers('sluice', 'help', 'check-'), ['check-tokenizer', 'check-coverage'])
  t.strictSame(bashOffers('sluice', 'inspect', 'shards', '--documents', '--co'), ['--counts'], 'a flag without value')
  t.strictSame(bashOffers('sluice', 'check', '--documents', '--co'), [], 'the same flag with a value')
  for (const words of [
    ['check', ''],
    ['check', 'mix'],
    ['encode', '--tokenizer-path', ''],
    ['init', '--output', 'a']
  ]) {
    t.strictSame(bashOffers('sluice', ...words), [], words.join(' '))
  }
  t.match(completionScript('bash', commands), 'complete -o bashdefault -o default -F _sluice sluice')
})

t.test('every script has each command and all of its flags', async t => {
  const folder = temporaryFolder(t)
  for (const shell of ['bash', 'zsh', 'fish']) {
    const script = completionScript(shell, commands)
    for (const [name, { options }] of Object.entries(commands)) {
      t.ok(script.includes(name), `${shell}: ${name}`)
      for (const key of Object.keys(options.shape)) {
        t.ok(script.includes(key.replace(/[A-Z]/g, letter => `-${letter.toLowerCase()}`)), `${shell}: ${name}, ${key}`)
      }
    }
    if (isInstalled(shell)) t.equal(spawnSync(shell, ['-n', put(folder, shell, script)]).status, 0, `${shell} reads it`)
  }
  const quotes = /^[^']*(?:'(?:[^'\\]|\\.)*'[^']*)*$/
  for (const line of completionScript('fish', commands).trim().split('\n').slice(1)) t.match(line, quotes)
  t.match(completionScript('zsh', commands), /^ {8}'--dtype\[[^\n]*\]:value:\(int32 uint16 uint32\)' \\$/m)
  t.match(completionScript('fish', commands), /-l dtype -x -a 'int32 uint16 uint32' -d '/)
})

t.test('sluice completion prints the script; an unknown shell is an error', async t => {
  t.match(await command(['completion', 'bash', '--quiet']), {
    code: 0, stdout: completionScript('bash', commands), stderr: ''
  })
  t.match(await command(['completion', 'tcsh']), { code: 2, stderr: /expected bash or zsh or fish, got tcsh/ })
  t.match(await command(['completion']), { code: 2, stderr: /missing required argument/ })
})
