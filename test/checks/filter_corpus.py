"""The rules of filter-corpus in Python: prints the kept texts as JSON strings, one per line.

usage: filter_corpus.py MIN_CHARS MAX_CHARS WINDOW FILE [FILE ...]
"""
import collections
import gzip
import json
import sys

low, high, window = (int(number) for number in sys.argv[1:4])
recent, order = set(), collections.deque()
for name in sys.argv[4:]:
    with (gzip.open if name.endswith(".gz") else open)(name, "rt", encoding="utf-8", newline="\n") as lines:
        for line in lines:
            text = json.loads(line).get("text")
            if not isinstance(text, str):
                continue
            text = " ".join(text.split())
            if not low <= len(text) <= high or text in recent:
                continue
            recent.add(text)
            order.append(text)
            if len(order) > window:
                recent.discard(order.popleft())
            print(json.dumps(text))
