// Web streams at both ends: NDJSON from `fetch` is filtered and becomes the body of a response.
// Run it: node examples/web-streams.mjs
import { createServer } from 'node:http'
import { Readable, pipeline } from 'node:stream'
import { length, ndjson } from 'sluice'

const LINES = ['The gate is open, and two barges pass.', 'Too short.', 'The water goes over the weir.']
const NDJSON = LINES.map(text => JSON.stringify({ text }) + '\n').join('')
const server = createServer((request, response) => { response.end(NDJSON) })
await new Promise(resolve => server.listen(0, '127.0.0.1', resolve))

const { body } = await fetch(`http://127.0.0.1:${server.address().port}`)
const kept = length({ minChars: 20 })
pipeline(ndjson(Readable.fromWeb(body)), kept, () => {}) // errors come out of `kept`
const lines = Readable.toWeb(kept).pipeThrough(new TransformStream({
  transform ({ text }, controller) { controller.enqueue(text + '\n') }
}))
console.log(await new Response(lines.pipeThrough(new TextEncoderStream())).text())
console.log(kept.stats) // { in: 3, out: 2, dropped: { too_short: 1 } }
server.close()
