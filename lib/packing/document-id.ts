import xxhash from 'xxhash-wasm'

/** Loads the hash of documents' ids: the xxHash64, with seed 0, of the UTF-8 of an id. */
export async function documentIds (): Promise<(id: string) => bigint> {
  const hasher = await xxhash()
  return id => hasher.h64(id)
}
