/** A parquet file as a user may have it, for "your own data" in the README. */
import { writeParquet } from './parquet-writer.ts'

const RIVERS = ['Aller', 'Boyne', 'Clyde', 'Dee', 'Exe', 'Frome', 'Garonne', 'Humber', 'Isar', 'Jordan', 'Lea', 'Wye']
const THINGS = ['lock', 'weir', 'mill', 'barge', 'bridge', 'towpath', 'gate', 'pier', 'ferry', 'tunnel', 'wharf', 'dam']
const DEEDS = ['was repaired', 'is closed', 'has been painted', 'will be opened', 'was measured', 'is being cleaned']
const REPEATED = 'This notice is the same in each year: the canal company wishes all of its customers, its keepers ' +
  'and their families a quiet winter. Repairs begin in the second week of January, and all locks below the mill stay ' +
  'closed until the ice has gone.'

/** A sentence that only this document has. */
function sentence (document: number, n: number): string {
  const subject = `The ${THINGS[(document + n) % 12]} on the river ${RIVERS[(document * 5 + n * 7) % 12]}`
  const week = `in the ${document % 90}th week of the year`
  return `${subject} ${DEEDS[(document + n * 3) % 6]} ${week}, and ${document * 3 + n} boats had to wait for it.`
}

/** Several hundred English documents. A few are duplicates, and a few are too short to be kept. */
export async function ownData (): Promise<Buffer> {
  const texts = Array.from({ length: 400 }, (_, i) => {
    if (i % 40 === 7) return 'Too short.'
    if (i % 50 === 9) return REPEATED
    return [0, 1, 2, 3].map(n => sentence(i, n)).join('\n')
  })
  return await writeParquet([
    { name: 'url', data: texts.map((_, i) => `https://example.org/${i}`), type: 'STRING' },
    { name: 'text', data: texts, type: 'STRING' }
  ], { codec: 'SNAPPY', pageSize: 16_384, rowGroupSize: [150] })
}
