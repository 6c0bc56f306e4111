import type { DocumentCounts } from '../flow/counts.ts'
import { number } from '../../lib/text/numbers.ts'
import { tableLines } from '../../lib/text/table.ts'
import type { ComponentStats } from './component-stats.ts'

export type Counted = Pick<ComponentStats, 'name' | 'seconds'> & DocumentCounts & Partial<ComponentStats>

/**
 * The results of a run as a table: a row for each component, followed by its dropped documents and its shards, and a
 * row of totals if there are several components.
 */
export function componentTable (components: readonly Counted[]): string {
  const sharded = components.some(({ shards }) => shards !== undefined)
  const counts = ['read', 'kept', ...(sharded ? ['tokens', 'sequences'] as const : [])] as const
  const rows = components.map(component => {
    const { name, seconds, bytes } = component
    const speed = seconds === 0 ? '-' : (bytes / 1e6 / seconds).toFixed(1)
    return [name, ...counts.map(key => number(component[key])), seconds.toFixed(1), speed]
  })
  const sums = counts.map(key => number(components.reduce((sum, component) => sum + (component[key] ?? 0), 0)))
  const all = components.length < 2 ? [] : [['(all)', ...sums, '', '']]
  const [head, ...lines] = tableLines([['component', ...counts, 'seconds', 'MB/s'], ...rows, ...all])
  const withDetails = lines.flatMap((line, i) => {
    const component = components[i]
    return component === undefined ? [line] : [line, ...droppedLines(component), ...shardsLine(component)]
  })
  return [head, ...withDetails].join('\n')
}

/** Characters in a line. */
const WIDTH = 80

function droppedLines ({ dropped }: DocumentCounts): string[] {
  const reasons = Object.entries(dropped).map(([reason, n]) => `${reason} ${number(n)}`)
  const lines: string[] = []
  for (const [i, reason] of reasons.entries()) {
    const text = i === reasons.length - 1 ? reason : `${reason},`
    const line = lines.at(-1)
    if (line === undefined) lines.push(`  dropped: ${text}`)
    else if (line.length + 1 + text.length > WIDTH) lines.push(`    ${text}`)
    else lines[lines.length - 1] = `${line} ${text}`
  }
  return lines
}

function shardsLine ({ shards, output_dir: folder, tail_tokens: tail }: Counted): string[] {
  if (shards === undefined || folder === undefined) return []
  const [shard, tokensAre] = [shards === 1 ? 'shard' : 'shards', tail === 1 ? 'token is' : 'tokens are']
  const hasTail = tail !== undefined && tail > 0
  const rest = hasTail ? `; ${number(tail)} ${tokensAre} left over, too few for a sequence` : ''
  return [`  ${number(shards)} ${shard} in ${folder}${rest}`]
}
