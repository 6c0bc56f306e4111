"""Trains a unigram model, and prints what SentencePiece encodes texts to with it.

usage: encode.py MODEL CORPUS OPTIONS TEXTS...

OPTIONS is a JSON object of the trainer's options; TEXTS are files of JSON strings, one per line. Once the model is
written, `ready` is printed; then, for each text, the number of its ids, their hash, and the hash of the decoded text.
"""
import array
import hashlib
import json
import sys

import sentencepiece

model, corpus, options, *files = sys.argv[1:]
sentencepiece.SentencePieceTrainer.train(input=corpus, model_prefix=model[:-len(".model")], hard_vocab_limit=False,
    num_threads=2, minloglevel=2, **json.loads(options))
print("ready", flush=True)


def short(content):
    return hashlib.sha256(content).hexdigest()[:16]


processor = sentencepiece.SentencePieceProcessor(model_file=model)
for name in files:
    with open(name, encoding="utf-8") as lines:
        for line in lines:
            ids = processor.encode(json.loads(line))
            print(len(ids), short(array.array("i", ids).tobytes()), short(processor.decode(ids).encode()))
