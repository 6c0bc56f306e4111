import { createHash } from 'node:crypto'
import { readFile, readdir } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { NPY_HEADER_BYTES } from '../../../lib/shards/npy.ts'

/** SHA-256 over the names and ids of the `.npy` files in a folder, however deep they are. */
export async function digestOfShards (folder: string): Promise<string> {
  const paths = (await readdir(folder, { recursive: true })).filter(path => path.endsWith('.npy'))
  if (paths.length === 0) throw new Error(`${folder}: expected .npy files`)
  const hash = createHash('sha256')
  for (const path of paths.sort((a, b) => basename(a) < basename(b) ? -1 : 1)) {
    hash.update(basename(path)).update((await readFile(join(folder, path))).subarray(NPY_HEADER_BYTES))
  }
  return hash.digest('hex')
}
