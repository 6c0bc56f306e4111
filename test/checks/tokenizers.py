"""
What today's encoders make of texts: of each how many ids it has, and their hash. Of `tokenizers` also the hash of what
the ids are decoded to.

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


def decoder_of(path):
    from tokenizers import Tokenizer

    return Tokenizer.from_file(path).decode_batch


BATCH = 1000

encoder, model, *files = sys.argv[1:]
encode = ENCODERS[encoder](model)
decode = decoder_of(model) if encoder == "tokenizers" else None


def hashed(content):
    return hashlib.sha256(content).hexdigest()[:16]


for name in files:
    with open(name, encoding="utf-8") as lines:
        while texts := [json.loads(line) for line in islice(lines, BATCH)]:
            encoded = encode(texts)
            decoded = [hashed(text.encode()) for text in decode(encoded)] if decode else [""] * len(encoded)
            for ids, text in zip(encoded, decoded):
                print(len(ids), hashed(array.array("i", ids).tobytes()), text)
