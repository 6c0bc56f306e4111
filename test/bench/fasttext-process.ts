/**
 * A measurement of the fastText benchmark in a separate process; prints one JSON value.
 *
 * `kernel MODEL LINES`, `plain MODEL LINES`, `cld3 - LINES`: seconds to label each line once, after the model is
 * loaded. `memory MODEL LINES`: bytes of resident memory after that, without a model if it is `-`; needs `--expose-gc`.
 */
import { readFile } from 'node:fs/promises'
import { setTimeout } from 'node:timers/promises'

const [job, model, path] = process.argv.slice(2)
const lines = (await readFile(path!, 'utf8')).split('\n').slice(0, -1)
const detect = model === '-' && job === 'memory'
  ? makeGarbage
  : job === 'cld3' ? await cld3() : await fastText(job !== 'plain')
const started = performance.now()
for (const line of lines) detect(line)
const seconds = (performance.now() - started) / 1000
process.stdout.write(JSON.stringify(job === 'memory' ? await residentBytes() : seconds))

/**
 * The work that any use of texts does: without it, the collector's memory for young objects would count as the model's.
 */
function makeGarbage (text: string): void {
  text.split(' ')
}

async function fastText (kernel: boolean): Promise<(text: string) => void> {
  const { loadFastText } = await import('../../lib/fasttext/classifier.ts')
  const classifier = await loadFastText(model!, { kernel })
  return text => { classifier.predict(text) }
}

/** As the stage `language` calls it. */
async function cld3 (): Promise<(text: string) => void> {
  const { loadCld3 } = await import('../../lib/language/cld3.ts')
  const detector = await loadCld3()
  return text => { if ('then' in detector.detect(text)) throw new Error('expected an answer at once') }
}

/** Resident memory, after garbage collection. */
async function residentBytes (): Promise<number> {
  for (let i = 0; i < 4; i++) {
    globalThis.gc!()
    await setTimeout(20)
  }
  return process.memoryUsage.rss()
}
