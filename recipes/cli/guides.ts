/** The parts of a command's help besides its flags. */
interface Guide {
  readonly examples: readonly string[]
  /** What to do next, in one or two sentences. */
  readonly next: string
}

/** The guides by the names of commands; `sluice` is the general help. */
export const guides: Readonly<Record<string, Guide>> = {
  sluice: {
    examples: ['sluice quickstart', 'sluice check mixture.yaml', 'sluice run mixture.yaml'],
    next: '`sluice help COMMAND` explains a command, with examples.'
  },
  quickstart: {
    examples: ['sluice quickstart'],
    next: '`sluice inspect` prints the shards as text. Copy the manifest and name your own files in it.'
  },
  init: {
    examples: ['sluice init pages.parquet', 'sluice init OWNER/NAME --output mixture.yaml'],
    next: '`sluice check MANIFEST` shows what a run of the manifest would do, and `sluice run MANIFEST` runs it.'
  },
  check: {
    examples: ['sluice check mixture.yaml', 'sluice check mixture.yaml --documents 1000'],
    next: '`sluice run MANIFEST` makes the shards.'
  },
  licenses: {
    examples: ['sluice licenses mixture.yaml', 'sluice licenses mixture.yaml --require-redistributable'],
    next: '`sluice run MANIFEST` makes the shards; its stats have these licences.'
  },
  'process-mixture': {
    examples: [
      'sluice process-mixture mixture.yaml',
      'sluice process-mixture mixture.yaml --tokenizer-path my.model --concurrency 2'
    ],
    next: 'The same command resumes a run that was stopped. `sluice verify STATS` compares the shards with the ' +
      'stats, and `sluice inspect FOLDER` prints them as text.'
  },
  mix: {
    examples: ['sluice mix mixture.yaml'],
    next: '`sluice verify STATS` compares the shards with the stats, and ' +
      '`sluice export-config MANIFEST --for TRAINER` writes the configuration of a trainer.'
  },
  export: {
    examples: ['sluice export data/shards/web --format megatron --output data/megatron/web'],
    next: '`sluice verify STATS` compares the new shards with their stats. See sinks/FORMATS.md for how to load them.'
  },
  'export-config': {
    examples: [
      'sluice export-config mixture.yaml --for olmo-core --output data.yaml',
      'sluice export-config mixture.yaml --for nested-learning'
    ],
    next: 'Give the file to the trainer. Where it needs another format, the command that makes the shards is reported.'
  },
  run: {
    examples: [
      'sluice run mixture.yaml --dry-run',
      'sluice run mixture.yaml',
      'sluice run mixture.yaml --on local --tasks 8'
    ],
    next: 'The same command resumes a run that was stopped. `sluice inspect FOLDER` prints shards as text, and ' +
      '`sluice runs` lists the records of finished runs.'
  },
  plan: {
    examples: ['sluice plan mixture.yaml', 'sluice plan mixture.yaml --unit-bytes 16e6 --output /shared/plan'],
    next: 'The commands that run the tasks of the plan are printed. `sluice status PLAN` shows which have ended.'
  },
  task: {
    examples: [
      'sluice task data/mixture.plan --phase map --rank 0 --world 8',
      'sluice task data/mixture.plan --phase finish'
    ],
    next: '`sluice status PLAN` names the next phase. The same command resumes a task that was stopped.'
  },
  status: {
    examples: ['sluice status data/mixture.plan', 'sluice status data/mixture.plan --watch'],
    next: '`sluice task PLAN --phase PHASE --rank R --world N` runs a task of the next phase.'
  },
  'filter-corpus': {
    examples: [
      'sluice filter-corpus pages.ndjson.gz --output kept.jsonl',
      'sluice filter-corpus notes.txt --keep en,de --min-chars 100 --output -'
    ],
    next: '`sluice train-tokenizer FILES` trains a tokenizer on the output, and `sluice shard-corpus FILES` makes ' +
      'shards of it.'
  },
  'shard-corpus': {
    examples: [
      'sluice shard-corpus kept.jsonl --tokenizer-path my.model',
      'sluice shard-corpus --dataset OWNER/NAME --output copy.ndjson.gz'
    ],
    next: '`sluice verify STATS` compares the shards with their stats, and `sluice inspect FOLDER` prints them as text.'
  },
  verify: {
    examples: [
      'sluice verify data/mixtures/mixture_stats.json',
      'sluice verify data/mixtures/mixture_stats.json --quick'
    ],
    next: 'Where a shard is damaged, `sluice run MANIFEST --verify` makes it again. `sluice inspect FOLDER` prints ' +
      'shards as text.'
  },
  runs: {
    examples: ['sluice runs', 'sluice runs diff 3f2a 9c01', 'sluice runs of data/shards/shard_00000.npy'],
    next: '`sluice verify STATS` compares the shards of a run with its stats.'
  },
  inspect: {
    examples: [
      'sluice inspect data/shards',
      'sluice inspect data/shards --row -1',
      'sluice inspect data/shards --documents | head -n 1',
      'sluice inspect data/shards --counts'
    ],
    next: 'In Python, `numpy.load(shard, mmap_mode="r")` reads a shard: one row per sequence.'
  },
  'train-tokenizer': {
    examples: [
      'sluice train-tokenizer kept.jsonl --vocab-size 8000',
      'sluice train-tokenizer --manifest mixture.yaml'
    ],
    next: '`sluice check-coverage SAMPLE --tokenizer-path MODEL` evaluates the tokenizer, and `sluice shard-corpus ' +
      'FILES --tokenizer-path MODEL` makes shards with it.'
  },
  'check-tokenizer': {
    examples: [
      'sluice check-tokenizer --tokenizer-path my.model',
      'sluice check-tokenizer --tokenizer-path my.model --output my.json'
    ],
    next: 'With `tokenizer: { sha256: … }` in a manifest, runs refuse any other model.'
  },
  'check-coverage': {
    examples: [
      'sluice check-coverage a.txt --tokenizer-path my.model --output base.json',
      'sluice check-coverage a.txt --tokenizer-path new.model --baseline base.json'
    ],
    next: '`sluice train-tokenizer` trains a tokenizer that fits the text better.'
  },
  schema: {
    examples: ['sluice schema --output manifest.schema.json'],
    next: 'The first line of a manifest names the file for editors: # yaml-language-server: $schema=FILE.'
  },
  completion: {
    examples: ['sluice completion bash'],
    next: 'In bash: source <(npx sluice completion bash). This completes `sluice`, not `npx sluice`:\n' +
      'put the folder with `sluice`, such as node_modules/.bin, on the PATH.'
  },
  read: {
    examples: ['sluice read pages.csv | sluice normalize | sluice write pages.ndjson'],
    next: 'Filters come next in the pipe: `normalize`, `length`, `language`, `classify`, `dedup`.'
  },
  normalize: {
    examples: ['sluice read pages.csv | sluice normalize | sluice write pages.ndjson'],
    next: '`sluice length` drops texts that are too short.'
  },
  length: {
    examples: ['sluice read pages.csv | sluice length --min-chars 100 | sluice write a.txt'],
    next: '`sluice language` and `sluice dedup` are further filters; `sluice write` ends the pipe.'
  },
  language: {
    examples: ['sluice read pages.csv | sluice language --keep en | sluice write en.ndjson'],
    next: '`sluice dedup` is a further filter; `sluice write` ends the pipe.'
  },
  classify: {
    examples: ['sluice classify --model quality.bin --label hq --min 0.5 < a.ndjson > b.ndjson'],
    next: '`sluice dedup` is a further filter; `sluice write` ends the pipe.'
  },
  dedup: {
    examples: ['sluice read a.ndjson b.ndjson | sluice dedup | sluice write kept.ndjson.zst'],
    next: '`sluice encode` turns documents into token ids; `sluice write` ends the pipe.'
  },
  encode: {
    examples: ['sluice encode --tokenizer-path my.model < kept.ndjson > ids.ndjson'],
    next: '`sluice pack` cuts the ids into sequences.'
  },
  pack: {
    examples: ['sluice pack --seq-len 1024 < ids.ndjson | sluice write data/shards/'],
    next: '`sluice write FOLDER/` writes the sequences as shards.'
  },
  write: {
    examples: [
      'sluice read pages.csv | sluice write pages.ndjson.gz',
      'sluice pack < ids.ndjson | sluice write data/shards/'
    ],
    next: '`sluice inspect FOLDER --tokenizer-path MODEL` prints shards as text.'
  }
}
