"""What ids decode to, by SentencePiece: a JSON array of ids a line on standard input, the text as JSON a line on standard output.

usage: decode.py MODEL
"""
import json
import sys

import sentencepiece

processor = sentencepiece.SentencePieceProcessor(model_file=sys.argv[1])
for line in sys.stdin:
    print(json.dumps(processor.decode(json.loads(line))))
