import { STANDARD_STREAM } from '../../../lib/bytes.ts'
import { inventoryTable } from '../../inventory/inventory.ts'
import { verifyOptions, verifyParsed } from '../../verify.ts'
import { command } from '../command.ts'

export const verify = command(verifyOptions, ([stats], options, run) => verifyParsed(stats!, options, run), {
  argument: ['<stats>', 'stats JSON of process-mixture or shard-corpus'],
  givesData: ({ inventory, inventoryJson }) => [inventory, inventoryJson].includes(STANDARD_STREAM),
  report: inventoryTable
})
