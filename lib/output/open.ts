import { open } from 'node:fs/promises'
import { basename, dirname } from 'node:path'
import { STANDARD_STREAM } from '../bytes.ts'
import { compressed } from './compressed.ts'
import {
  type Output, createTemporary, publish, removeLeftovers, removeUnfinished, targetOf, temporaryName, writing
} from './output.ts'

/**
 * Opens a file for writing, and creates its folder if missing. Names ending in `.gz` and `.zst` are compressed; `-` is
 * standard output. `commit` atomically replaces an existing file.
 *
 * @throws SluiceError `ERR_OUTPUT`, as do the methods of the output
 */
export async function openOutput (path: string): Promise<Output> {
  if (path === STANDARD_STREAM) return standardOutput()
  return compressed(path, await openFile(path))
}

/** Writes a file atomically: the old content is kept until the new one is complete. @throws SluiceError `ERR_OUTPUT` */
export async function writeFileWhole (path: string, content: string | Uint8Array<ArrayBuffer>): Promise<void> {
  const output = await openOutput(path)
  try {
    await output.write(Buffer.from(content))
    await output.commit()
  } catch (error) {
    await output.abandon()
    throw error
  }
}

/** Checks before the work that its result can be written. @throws SluiceError `ERR_OUTPUT` */
export async function checkWritable (path: string): Promise<void> {
  const output = await openOutput(path)
  await output.abandon()
}

async function openFile (path: string): Promise<Output> {
  return await writing(path, async () => {
    const target = await targetOf(path)
    return target === null ? await openDirectly(path) : await openReplacing(path, target)
  })
}

async function openReplacing (name: string, path: string): Promise<Output> {
  await removeLeftovers(dirname(path), file => file === basename(path))
  const file = await createTemporary(temporaryName(path))
  return {
    write: bytes => writing(name, () => file.appendFile(bytes)),
    commit: () => writing(name, () => publish(file, path)),
    async abandon () {
      await file.close().catch(() => { })
      await removeUnfinished(temporaryName(path))
    }
  }
}

async function openDirectly (path: string): Promise<Output> {
  const file = await open(path, 'w')
  return {
    write: bytes => writing(path, () => file.appendFile(bytes)),
    commit: () => writing(path, () => file.close()),
    abandon: () => file.close().catch(() => { })
  }
}

/** Standard output, or standard error. If its reader has gone, the error is EPIPE and not a SluiceError. */
export function standardOutput (stream: NodeJS.WriteStream = process.stdout): Output {
  stream.off('error', ignore).on('error', ignore) // the callback of each write gets the error
  return {
    write: bytes => writing('standard output', () => new Promise((resolve, reject) => {
      stream.write(bytes, error => { error == null ? resolve() : reject(error) })
    })),
    commit: async () => { },
    abandon: async () => { }
  }
}

function ignore (): void { }
