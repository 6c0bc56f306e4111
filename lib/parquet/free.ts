/** Smaller buffers are left to the garbage collector. */
const LARGE_BYTES = 4 * 1024 * 1024

/**
 * Frees the memory of a large page at once. Otherwise two or three pages of 60 MB would stay in memory until the next
 * garbage collection. It works by transferring the buffer to nobody; remaining views of it become empty.
 *
 * @param bytes that have a buffer to themselves and are not used any more
 */
export function free (bytes: Uint8Array): void {
  if (bytes.buffer.byteLength >= LARGE_BYTES) structuredClone(undefined, { transfer: [bytes.buffer as ArrayBuffer] })
}
