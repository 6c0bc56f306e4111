#!/usr/bin/env bash
# Turns your file into verified shards in data/my: parquet, NDJSON, CSV, text or Arrow, also as .gz or .zst.
# Run it where `npx sluice` works: examples/own-data.sh FILE
set -euo pipefail

npx sluice filter-corpus "$1" --text-column text --keep en --min-chars 200 --output data/my/filtered.ndjson.gz
npx sluice train-tokenizer data/my/filtered.ndjson.gz --vocab-size 8000 --no-hard-vocab-limit \
  --output-dir data/my/tokenizer
npx sluice shard-corpus data/my/filtered.ndjson.gz --tokenizer-path data/my/tokenizer/spm_8000_unigram.model \
  --output-dir data/my/shards --stats data/my/stats.json
npx sluice verify data/my/stats.json
npx sluice inspect data/my/shards
