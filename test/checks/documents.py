"""Reads the documents in a folder of shards with NumPy and SentencePiece: prints the text of each as JSON, a line each.

usage: documents.py MODEL FOLDER
"""
import glob
import json
import sys

import numpy as np
import sentencepiece

model, folder = sys.argv[1:]
processor = sentencepiece.SentencePieceProcessor(model_file=model)
ids = np.concatenate([np.load(name).reshape(-1) for name in sorted(glob.glob(folder + "/*.npy"))])
ends = np.flatnonzero(ids == processor.eos_id())
begin = 0
for end in [*ends, len(ids)]:
    if begin < len(ids):
        print(json.dumps(processor.decode(ids[begin:end].tolist())))
    begin = end + 1
