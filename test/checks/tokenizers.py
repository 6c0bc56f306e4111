"""What today's encoders make of texts: of each how many ids it has, and their hash.

usage: tokenizers.py ENCODER MODEL FILE...

ENCODER is a name of `test/bench/rival_encoders.py`; FILES have a JSON string on each line.
"""
import array
import hashlib
import json
import sys
from itertools import islice
from pathlib import Path

# This file's own folder has modules that are called as the packages are.
sys.path[0] = str(Path(__file__).parents[1] / "bench")
from rival_encoders import ENCODERS  # noqa: E402

BATCH = 1000

encoder, model, *files = sys.argv[1:]
encode = ENCODERS[encoder](model)
for name in files:
    with open(name, encoding="utf-8") as lines:
        while texts := [json.loads(line) for line in islice(lines, BATCH)]:
            for ids in encode(texts):
                print(len(ids), hashlib.sha256(array.array("i", ids).tobytes()).hexdigest()[:16])
