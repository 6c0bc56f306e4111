import type { DocumentCounts } from '../flow/counts.ts'
import { number, tableLines } from '../text.ts'
import type { ComponentStats } from './component-stats.ts'

export type Counted = Pick<ComponentStats, 'name' | 'seconds'> & DocumentCounts & Partial<ComponentStats>

/**
 * What became of the components of a run: a row each, and below each what was dropped, by reason, and where its
 * shards are; all together in the end, where there are several.
 */
export function componentTable (components: readonly Counted[]): string {
  const sharded = components.some(({ shards }) => shards !== undefined)
  const header = ['component', 'read', 'kept', ...(sharded ? ['tokens', 'sequences'] : []), 'seconds', 'MB/s']
  const rows = components.map(({ name, read, kept, tokens, sequences, seconds, bytes }) => [
    name, number(read), number(kept), ...(sharded ? [number(tokens), number(sequences)] : []), seconds.toFixed(1), seconds === 0 ? '-' : (bytes / 1e6 / seconds).toFixed(1)
  ])
  const sum = (key: 'read' | 'kept' | 'tokens' | 'sequences'): string => number(components.reduce((sum, component) => sum + (component[key] ?? 0), 0))
  const all = components.length < 2 ? [] : [['(all)', sum('read'), sum('kept'), ...(sharded ? [sum('tokens'), sum('sequences')] : []), '', '']]
  const [head, ...lines] = tableLines([header, ...rows, ...all])
  return [head, ...lines.flatMap((line, i) => [line, ...components.slice(i, i + 1).flatMap(component => [...droppedLines(component), ...shardsLine(component)])])].join('\n')
}

/** Columns that a table for people may take. */
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
  const rest = tail === undefined || tail === 0 ? '' : `; ${number(tail)} ${tail === 1 ? 'token is' : 'tokens are'} left over, too few for a sequence`
  return [`  ${number(shards)} ${shards === 1 ? 'shard' : 'shards'} in ${folder}${rest}`]
}
