import type { Provenance } from '../../recipes/provenance/schema.ts'

/** The provenance of a pull, with changes. */
export function provenance ({
  found = ['odc-by'],
  commit = 'abcdef',
  ...more
}: { found?: readonly string[], commit?: string | null } & Partial<Provenance> = {}): Provenance {
  return {
    source: {
      dataset: 'owner/name',
      subset: 'en',
      split: 'train',
      revision: 'main',
      commit,
      url: 'https://huggingface.co/datasets/owner/name'
    },
    retrieved_at_utc: { begun: '2026-11-23T10:00:00.000Z', finished: '2026-11-23T11:00:00.000Z' },
    license: {
      found,
      read_from: 'the card',
      card_sha256: null,
      spdx: 'ODC-By-1.0',
      obligations: ['attribution', 'notice'],
      redistributable: 'yes',
      reason: 'permits it with the source named'
    },
    files: [{ path: 'en/train-00000.parquet', bytes: 1234567, sha256: 'ab'.repeat(32), git_oid: 'cd'.repeat(20) }],
    filters: [],
    limit: null,
    columns: ['url'],
    records: 1000,
    command: 'sluice shard-corpus --dataset owner/name',
    sluice: '0.2.0',
    output: { path: 'data/raw/a.ndjson', bytes: 4321, sha256: null },
    ...more
  }
}
