import type { Command } from './command.ts'
import { loadNow } from './load-now.ts'

/**
 * How the commands are loaded, in the order of the help; those of a pipe follow. The modules of a command are loaded
 * when it is called, so that a small command starts quickly.
 */
const loaders: Readonly<Record<string, () => Promise<Command>>> = {
  quickstart: async () => (await import('./commands/quickstart.ts')).quickstart,
  init: async () => (await import('./commands/init.ts')).init,
  check: async () => (await import('./commands/check.ts')).check,
  licenses: async () => (await import('./commands/licenses.ts')).licenses,
  'process-mixture': async () => (await import('./commands/process-mixture.ts')).processMixture,
  mix: async () => (await import('./commands/mix.ts')).mix,
  'export-config': async () => (await import('./commands/export-config.ts')).exportConfig,
  run: async () => (await import('./commands/run.ts')).run,
  plan: async () => (await import('./commands/plan.ts')).plan,
  task: async () => (await import('./commands/task.ts')).task,
  status: async () => (await import('./commands/status.ts')).status,
  'filter-corpus': async () => (await import('./commands/filter-corpus.ts')).filterCorpus,
  'shard-corpus': async () => (await import('./commands/shard-corpus.ts')).shardCorpus,
  verify: async () => (await import('./commands/verify.ts')).verify,
  runs: async () => (await import('./commands/runs.ts')).runs,
  export: async () => (await import('./commands/export.ts')).exportCommand,
  inspect: async () => (await import('./commands/inspect.ts')).inspect,
  'train-tokenizer': async () => (await import('./commands/train-tokenizer.ts')).trainTokenizer,
  'check-tokenizer': async () => (await import('./commands/check-tokenizer.ts')).checkTokenizer,
  'check-coverage': async () => (await import('./commands/check-coverage.ts')).checkCoverage,
  schema: async () => (await import('./commands/schema.ts')).schema,
  completion: async () => (await import('./commands/completion.ts')).completion(allCommands)
}

/** Whether a command, and not only a stage of a pipe, has this name. */
export function isRecipe (name: string): boolean {
  return Object.hasOwn(loaders, name)
}

/** The command of a name. It and what it needs are loaded, and no other. */
export async function findCommand (name: string): Promise<Command | undefined> {
  await loadNow(`./commands/${isRecipe(name) ? name : 'pipe'}.ts`)
  if (isRecipe(name)) return await loaders[name]!()
  const { pipeCommands } = await import('./commands/pipe.ts')
  return Object.hasOwn(pipeCommands, name) ? pipeCommands[name] : undefined
}

/** All commands by their names, in the order of the help. */
export async function allCommands (): Promise<Readonly<Record<string, Command>>> {
  const recipes = Object.entries(loaders).map(async ([name, load]) => [name, await load()] as const)
  const { pipeCommands } = await import('./commands/pipe.ts')
  return { ...Object.fromEntries(await Promise.all(recipes)), ...pipeCommands }
}
