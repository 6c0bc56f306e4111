"""The expected output of process-mixture, by SentencePiece and NumPy: rows of seq_len ids of all documents, joined.

usage: process_mixture.py MODEL SEQ_LEN FOLDER FILE [FILE ...]

Prints JSON: SentencePiece's version, records, tokens, sequences, and a comparison with the shards in FOLDER.
"""
import glob
import gzip
import json
import sys

import numpy as np
import sentencepiece

model, seq_len, folder, *files = sys.argv[1:]
seq_len = int(seq_len)
processor = sentencepiece.SentencePieceProcessor(model_file=model)
ids, records = [], 0
for name in files:
    with (gzip.open if name.endswith(".gz") else open)(name, "rt", encoding="utf-8", newline="\n") as lines:
        for line in lines:
            text = json.loads(line).get("text")
            if isinstance(text, str):
                ids.extend(processor.encode(text))
                ids.append(processor.eos_id())
                records += 1
sequences = len(ids) // seq_len
expected = np.asarray(ids[: sequences * seq_len], dtype=np.int32).reshape(sequences, seq_len)
shards = [np.load(name, mmap_mode="r") for name in sorted(glob.glob(folder + "/*.npy"))]
found = np.concatenate(shards)
print(json.dumps({
    "version": sentencepiece.__version__,
    "records": records,
    "tokens": len(ids),
    "sequences": sequences,
    "shards": len(shards),
    "dtype": str(found.dtype),
    "equal": found.shape == expected.shape and bool((found == expected).all()),
    "in_vocabulary": bool((found >= 0).all() and (found < processor.get_piece_size()).all()),
    "eos": int((found == processor.eos_id()).sum()),
    "expected_eos": int((expected == processor.eos_id()).sum()),
}))
