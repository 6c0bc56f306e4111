"""Rebuilds the documents of shards from their .docs files, and compares them with those of NDJSON files.

usage: documents_of_shards.py MODEL FOLDER FILE [FILE ...]

Prints JSON: documents, those that are equal, those that are cut off (only with concat, by the tail), and padding.
"""
import glob
import gzip
import json
import sys

import numpy as np
import sentencepiece

DTYPE = np.dtype([("row", "<u4"), ("column", "<u4"), ("length", "<u4"), ("offset", "<u4"), ("id", "<u8")])

model, folder, *files = sys.argv[1:]
processor = sentencepiece.SentencePieceProcessor(model_file=model)
expected = []
for name in files:
    with (gzip.open if name.endswith(".gz") else open)(name, "rt", encoding="utf-8", newline="\n") as lines:
        for line in lines:
            text = json.loads(line).get("text")
            if isinstance(text, str):
                expected.append(processor.encode(text) + [processor.eos_id()])
open_documents, documents, padding = {}, [], 0
for name in sorted(glob.glob(folder + "/*.npy")):
    rows = np.load(name, mmap_mode="r")
    padding += rows.size
    for row, column, length, offset, hash_of_id in np.fromfile(name.replace(".npy", ".docs"), DTYPE).tolist():
        padding -= length
        ids = rows[row, column : column + length].tolist()
        if offset == 0:
            open_documents[hash_of_id] = []
            documents.append(open_documents[hash_of_id])
        assert len(open_documents[hash_of_id]) == offset
        open_documents[hash_of_id].extend(ids)
by_ids = sorted(map(tuple, documents))
whole = sorted(map(tuple, expected))
cut = [document for document in documents if document[-1] != processor.eos_id()]
print(json.dumps({
    "expected": len(expected),
    "documents": len(documents),
    "equal": by_ids == whole,
    "cut": len(cut),
    "padding": padding,
}))
