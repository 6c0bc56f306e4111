/** The responses of the Hub's API, checked. */
import { z } from 'zod'
import { SluiceError } from '../errors.ts'
import { isRepositoryPath } from './address.ts'
import type { HubFile } from './types.ts'

const entry = z.object({
  type: z.string(),
  path: z.string(),
  size: z.int().min(0),
  oid: z.string(),
  lfs: z.object({ oid: z.string(), size: z.int().min(0) }).nullish()
})

export const entries = z.array(entry)

export const revisionAnswer = z.object({ sha: z.string().regex(/^[0-9a-f]{40}$/) })

function fileOf ({ path, size, oid, lfs }: z.output<typeof entry>): HubFile {
  const sha256 = lfs != null && /^[0-9a-f]{64}$/.test(lfs.oid) ? lfs.oid : null
  return { path, size: lfs?.size ?? size, oid, sha256 }
}

/** The files among entries. @throws SluiceError `ERR_HUB` for a path that no repository can have */
export function filesOnPage (page: z.output<typeof entries>, what: string): HubFile[] {
  const wrong = page.find(({ path }) => !isRepositoryPath(path))
  if (wrong !== undefined) {
    const path = JSON.stringify(wrong.path.slice(0, 200))
    throw new SluiceError('ERR_HUB', `${what}: the Hub lists ${path}, which is not a valid path in a repository`)
  }
  return page.filter(({ type }) => type === 'file').map(fileOf)
}

/** The URL of the next page (RFC 8288); null on the last one. */
export function nextPage (link: string | string[] | undefined): string | null {
  const [, next] = /<([^<>]+)>\s*;[^,<]*\brel="?next"?/.exec([link ?? []].flat().join(', ')) ?? []
  return next ?? null
}

/** A response that has the documented form. @throws SluiceError `ERR_HUB` */
export function answered<S extends z.ZodType> (schema: S, value: unknown, what: string): z.output<S> {
  const { data, error } = schema.safeParse(value)
  if (data !== undefined) return data
  const [issue] = error!.issues
  throw new SluiceError('ERR_HUB', `${what}: the response differs from the Hub's documented API ` +
    `(${issue!.path.join('.')}: ${issue!.message}); is HF_ENDPOINT the address of a hub?`)
}
