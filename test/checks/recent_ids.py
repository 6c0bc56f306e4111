"""Number and SHA-256 of the ids that SentencePiece 0.2.2 gives for texts of NDJSON files, for `RECENT` of encode.ts.

It needs sentencepiece 0.2.2 from PyPI: python3 test/checks/recent_ids.py MODEL FILE.ndjson.gz...
Ids are hashed in decimal, those of a text separated by commas and followed by a line feed.
"""
import gzip
import hashlib
import json
import sys

import sentencepiece

assert sentencepiece.__version__ == "0.2.2", f"expected SentencePiece 0.2.2, found {sentencepiece.__version__}"
model, *files = sys.argv[1:]
processor = sentencepiece.SentencePieceProcessor(model_file=model)
count, digest = 0, hashlib.sha256()
for name in files:
    with gzip.open(name, "rt") as lines:
        for line in lines:
            ids = processor.encode(json.loads(line)["text"])
            count += len(ids)
            digest.update((",".join(map(str, ids)) + "\n").encode())
print(count, digest.hexdigest())
