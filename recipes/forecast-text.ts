import type { Estimate } from '../lib/sampling/estimate.ts'
import type { Forecast } from './check.ts'

/** What a forecast says, for people. */
export function forecastText ({ components, output_bytes: output, free_bytes: free, memory_bytes: memory, warnings }: Forecast): string {
  const lines = components.flatMap(component => {
    const { name, files, bytes, read, sampled, documents, kept, tokens, output_bytes: room } = component
    const dropped = Object.entries({ ...component.bad_records, ...component.dropped }).map(([reason, n]) => `${reason} ${n}`).join(', ')
    return [
      `${name}: ${files} ${files === 1 ? 'file' : 'files'}${bytes === null ? '' : `, ${amount(bytes)}B`}; ${sampled} of ${amount(read)} documents looked at${dropped === '' ? '' : ` (${dropped})`}`,
      `  documents  ${range(documents)}`,
      `  kept       ${range(kept)}`,
      `  tokens     ${range(tokens)}`,
      `  on disk    ${range(room, 'B')}`,
      ...component.warnings.map(warning => `  note: ${warning}`)
    ]
  })
  const meaning = 'In brackets: the bounds within which it lies in 19 cases of 20, if what was read is like the rest.'
  return [...lines, '', meaning, `Room needed: ${range(output, 'B')}, free: ${amount(free)}B. Memory: about ${amount(memory)}B.`, ...warnings.map(warning => `note: ${warning}`)].join('\n')
}

function range ({ guess, low, high }: Estimate, unit = ''): string {
  return low === high ? `${amount(guess)}${unit}` : `${amount(guess)}${unit} (${amount(low)}${unit} to ${amount(high)}${unit})`
}

/** Three digits: `1,234` stays, 12,345,678 is `12.3 M`. */
function amount (value: number): string {
  const units = ['', ' k', ' M', ' G', ' T']
  const power = value < 10_000 ? 0 : Math.min(units.length - 1, Math.floor(Math.log10(value) / 3))
  return power === 0 ? value.toLocaleString('en-US') : `${Number((value / 1000 ** power).toPrecision(3))}${units[power]!}`
}
