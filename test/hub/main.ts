/**
 * The stand-in Hub as a separate process: `node dist/test/hub/main.js CONFIG.json`. CONFIG is `HubOptions` as JSON, in
 * which files are text, `{ "localPath": … }` or `{ "base64": … }`. Prints its endpoint on a line, and ends on SIGTERM,
 * or when its standard input ends.
 */
import { readFileSync } from 'node:fs'
import { startHub } from './stand-in.ts'
import type { HubOptions } from './types.ts'

const hub = await startHub({ control: true, ...JSON.parse(readFileSync(process.argv[2]!, 'utf8')) as HubOptions })
console.log(hub.endpoint)
const end = (): void => { process.exit(0) }
process.on('SIGTERM', end).on('SIGINT', end)
process.stdin.on('end', end).on('error', end).resume()
