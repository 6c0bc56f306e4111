#!/usr/bin/env bash
# The stages in a shell: text in, shards out. Run it: examples/pipe.sh IN.ndjson FOLDER MODEL
# pipefail: if a stage fails, the pipe must fail. Otherwise later stages take the failure for the end of the data.
set -euo pipefail
cd "$(dirname "$0")/.."
input=${1:-examples/mail.ndjson}
output=${2:-data/examples/shards/}
model=${3:-data/quickstart/tokenizer/spm_8000_unigram.model} # the quickstart's

sluice () { npx sluice "$@"; }

sluice read "$input" |
  sluice normalize |
  sluice length --min-chars 40 --max-chars 8000 |
  sluice dedup --window 50000 |
  sluice encode --tokenizer-path "$model" |
  sluice pack --seq-len 32 |
  sluice write "$output" --overwrite
