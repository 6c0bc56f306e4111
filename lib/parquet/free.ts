/** Below this the garbage collector may take its time. */
const LARGE_BYTES = 4 * 1024 * 1024

/**
 * Gives the memory of a large page back at once, in place of when the garbage collector comes by: two or three pages of
 * 60 MB would wait for it. A buffer that is transferred to nobody is freed; what still looks at it sees no bytes.
 *
 * @param bytes that take up a buffer of their own, and that nobody uses any more
 */
export function free (bytes: Uint8Array): void {
  if (bytes.buffer.byteLength >= LARGE_BYTES) structuredClone(undefined, { transfer: [bytes.buffer as ArrayBuffer] })
}
