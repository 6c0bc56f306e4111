import { existsSync } from 'node:fs'
import { basename, dirname, join, relative } from 'node:path'
import { pathToFileURL } from 'node:url'
import { z } from 'zod'
import { STANDARD_STREAM } from '../../lib/bytes.ts'
import { SluiceError } from '../../lib/errors.ts'
import { hubOptions } from '../../lib/hub/settings.ts'
import { parseOptions } from '../../lib/options.ts'
import { standardOutput, writeFileWhole } from '../../lib/output/open.ts'
import { packageRoot } from '../../lib/package.ts'
import { findComponents } from '../components/find.ts'
import type { RunOptions } from '../flow/flow.ts'
import { documentsIn } from '../forecast/forecast.ts'
import { type Component, componentSchema } from '../manifest/schema.ts'
import { number } from '../../lib/text/numbers.ts'
import { shellWord } from '../../lib/text/shell-word.ts'
import { calledAs } from './called-as.ts'
import { type Input, inputsOf } from './inputs.ts'
import { type Look, lookAt } from './look.ts'

export const initOptions = z.strictObject({
  output: z.string().min(1).default('sluice.yaml').describe('the manifest to write; - for standard output'),
  force: z.boolean().default(false).describe('replace an existing file'),
  textColumn: z.string().min(1).optional()
    .describe('field or column that holds the text, or the path to it: data.text (default: detected)'),
  subset: z.string().min(1).optional().describe('subset of a dataset on the Hub'),
  split: componentSchema.shape.split.describe('split of a dataset on the Hub'),
  ...hubOptions
}).describe('examines your files, or a dataset on the Hub, and writes a manifest for them')

/** The findings of `init`, and the path of the manifest. */
export interface InitReport {
  readonly manifest: string
  readonly components: ReadonlyArray<{
    readonly name: string
    readonly dataset: string
    readonly files: number
    /** An estimate, unless everything was read. */
    readonly documents: number
    readonly text_column: string
    readonly languages: Readonly<Record<string, number>>
    /** Whether documents have indented lines, which the tokenizer must keep. */
    readonly is_code: boolean
  }>
}

/**
 * Writes a manifest for files or for datasets on the Hub. It reads a part of them, and describes it in comments.
 *
 * @param names paths, globs, folders, and `OWNER/NAME` of datasets on the Hub
 * @throws SluiceError `ERR_OPTION`, `ERR_FILES`, `ERR_SOURCE`, `ERR_DATASET`, `ERR_HUB` with what to do next;
 *   `ERR_OUTPUT_EXISTS` if the manifest exists
 */
export async function init (
  names: readonly string[], options: z.input<typeof initOptions> = {}, run: RunOptions = {}
): Promise<InitReport> {
  return await initParsed(names, parseOptions('init', initOptions, options), run)
}

/** Like `init`, with parsed options. */
export async function initParsed (
  names: readonly string[], options: z.output<typeof initOptions>, run: RunOptions
): Promise<InitReport> {
  const { output, force, textColumn, ...asked } = options
  if (output !== STANDARD_STREAM && !force && existsSync(output)) {
    const advice = 'name another file with --output, or replace it with --force'
    throw new SluiceError('ERR_OUTPUT_EXISTS', `${output}: already exists; ${advice}`)
  }
  const inputs = await inputsOf(names)
  const reading = { ...run, maxRetries: asked.maxRetries, timeout: asked.timeout }
  const found = await findComponents(inputs.map(input => componentOf(input, asked)), reading)
  const looks = await lookAt(found, textColumn, reading)
  const text = await textOf(output, looks)
  if (output === STANDARD_STREAM) await standardOutput().write(Buffer.from(text))
  else await writeFileWhole(output, text)
  return { manifest: output, components: looks.map(componentReport) }
}

function componentOf ({ name, dataset, dataFiles }: Input, asked: HubRequest): Component {
  const { subset = null, split } = dataFiles === null ? asked : {}
  const { outputDir: _, ...component } = componentSchema.parse({ name, dataset, subset, split })
  return { ...component, dataFiles: dataFiles ?? [], filters: [], dedup: null, sourceOptions: {}, outputDir: '' }
}

/** The part of a dataset on the Hub that is requested. */
interface HubRequest {
  readonly subset?: string | undefined
  readonly split?: string | undefined
}

async function textOf (output: string, looks: readonly Look[]): Promise<string> {
  const { manifestText } = await import('./manifest-text.ts')
  const folder = output === STANDARD_STREAM ? '.' : dirname(output)
  const path = output === STANDARD_STREAM ? 'sluice.yaml' : output
  return manifestText({
    name: looks.length === 1 ? looks[0]!.component.name : basename(path).replace(/\.ya?ml$/, ''),
    schemaPath: addressOf(join(packageRoot(), 'dist', 'manifest.schema.json'), folder),
    run: `${calledAs()} run ${shellWord(path)}`,
    looks
  })
}

/** The address of a file for an editor: a path relative to a folder, or a URL if the path has spaces. */
function addressOf (path: string, folder: string): string {
  const relativePath = relative(folder, path)
  return /\s/.test(relativePath) ? pathToFileURL(path).href : relativePath
}

function componentReport ({ component, sample, languages, isCode }: Look): InitReport['components'][number] {
  return {
    name: component.name,
    dataset: component.dataset,
    files: component.files.length,
    documents: documentsIn(sample).guess,
    text_column: component.textColumn,
    languages: Object.fromEntries(languages),
    is_code: isCode
  }
}

/** The findings as text, and what to do next. */
export function initText ({ manifest, components }: InitReport): string {
  const lines = components.map(({ name, files, documents, text_column: field }) => {
    const count = `${number(files)} ${files === 1 ? 'file' : 'files'}`
    const found = `about ${number(documents)} ${documents === 1 ? 'document' : 'documents'}`
    return `${name}: ${count}, ${found}, text in ${field}`
  })
  const path = manifest === STANDARD_STREAM ? 'sluice.yaml' : manifest
  const sluice = calledAs()
  return [
    ...lines, '',
    ...manifest === STANDARD_STREAM ? [] : [`Written to ${manifest}: read it, and change it as needed.`, ''],
    'See what a run would do:', `  ${sluice} check ${path}`, '',
    'Train the tokenizer and make the shards:', `  ${sluice} run ${path}`
  ].join('\n')
}
