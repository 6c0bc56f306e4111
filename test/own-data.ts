/** A parquet file such as a user has one: what "your own data" of the README is run on. */
import { writeParquet } from './parquet-writer.ts'

const RIVERS = ['Aller', 'Boyne', 'Clyde', 'Dee', 'Exe', 'Frome', 'Garonne', 'Humber', 'Isar', 'Jordan', 'Kennet', 'Lea']
const THINGS = ['lock', 'weir', 'mill', 'barge', 'bridge', 'towpath', 'gate', 'sluice', 'ferry', 'tunnel', 'wharf', 'basin']
const DEEDS = ['was repaired', 'is closed', 'has been painted', 'will be opened', 'was measured', 'is being cleaned']

/** Some hundred documents in English, a few of them twice, and a few too short to be kept. */
export async function ownData (): Promise<Buffer> {
  const texts = Array.from({ length: 400 }, (_, i) => {
    if (i % 40 === 7) return 'Too short.'
    const sentence = (j: number): string => `The ${THINGS[(i + j) % 12]} on the river ${RIVERS[(i * 5 + j * 7) % 12]} ${DEEDS[(i + j * 3) % 6]} in the ${i % 90}th week of the year, and ${i * 3 + j} boats had to wait for it.`
    return i % 50 === 9 ? 'This notice is the same in each year: the canal company wishes all of its customers, its lock keepers and their families a quiet winter. Repairs begin in the second week of January, and all locks below the mill stay closed until the ice has gone.' : [0, 1, 2, 3].map(sentence).join('\n')
  })
  return await writeParquet([
    { name: 'url', data: texts.map((_, i) => `https://example.org/${i}`), type: 'STRING' },
    { name: 'text', data: texts, type: 'STRING' }
  ], { codec: 'SNAPPY', pageSize: 16_384, rowGroupSize: [150] })
}
