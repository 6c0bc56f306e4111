"""Decodes ids with SentencePiece: reads a JSON array of ids per line, and prints the text as JSON per line.

usage: decode.py MODEL
"""
import json
import sys

import sentencepiece

processor = sentencepiece.SentencePieceProcessor(model_file=sys.argv[1])
for line in sys.stdin:
    print(json.dumps(processor.decode(json.loads(line))))
