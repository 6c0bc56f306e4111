// A custom stage for a manifest (see my-stage.yaml): drops texts that repeat their lines.
import { Stage } from 'sluice'

/** @param options as in the manifest: `max_share` is the largest share of repeated lines */
export function stage ({ max_share: maxShare = 0.3 }) {
  if (!(maxShare >= 0 && maxShare <= 1)) throw new Error(`max_share: expected a number from 0 to 1, got ${maxShare}`)
  return new Stage({
    name: 'repetition',
    take (document, push) {
      const lines = document.text.split('\n').filter(line => line !== '')
      const repeated = lines.length - new Set(lines).size
      if (repeated > maxShare * lines.length) return 'repeated_lines'
      push({ ...document, meta: { ...document.meta, lines: lines.length } })
    }
  })
}
