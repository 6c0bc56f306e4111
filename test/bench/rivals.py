"""What people write in Python today, to be measured beside sluice: JSON lines to shards, in one process, on one core.

    rivals.py check PACKAGE...                           ends with 1 if one of them is missing
    rivals.py shard MODEL FOLDER EVERY FILE...           every EVERYth document is encoded and packed
    rivals.py filter '' FOLDER EVERY FILE...             documents that pass the filters, as JSON lines
    rivals.py filter-shard MODEL FOLDER EVERY FILE...    of those, documents that pass the filters

Prints one JSON object: `documents`, `kept`, `tokens`, `text_bytes`, and the `seconds` and `cpu_seconds` of the work; what is
loaded before it (Python, packages, the model, the language profiles) isn't counted.
"""
import importlib.util
import json
import os
import sys
import time
from collections import deque

SEQUENCE_LENGTH = 2048
SEQUENCES_PER_SHARD = 1024
MIN_CHARS, MAX_CHARS = 200, 10_000
LANGUAGE, THRESHOLD = 'en', 0.8
WINDOW = 50_000


def texts_of(paths, every, counts):
    number = 0
    for path in paths:
        with open(path, encoding='utf-8') as lines:
            for line in lines:
                number += 1
                if (number - 1) % every:
                    continue
                text = json.loads(line)['text']
                counts['documents'] += 1
                counts['text_bytes'] += len(text.encode())
                yield text


def language_filter():
    from langdetect import DetectorFactory, detect_langs
    from langdetect.lang_detect_exception import LangDetectException

    DetectorFactory.seed = 0  # else it answers differently each time
    detect_langs('the profiles are loaded now')

    def is_wanted(text):
        try:
            best = detect_langs(text)[0]
        except LangDetectException:
            return False
        return best.lang == LANGUAGE and best.prob >= THRESHOLD

    return is_wanted


def filtered(texts, is_wanted):
    seen, order = set(), deque()
    for text in texts:
        text = ' '.join(text.split())
        if not MIN_CHARS <= len(text) <= MAX_CHARS or not is_wanted(text):
            continue
        key = hash(text)
        if key in seen:
            continue
        seen.add(key)
        order.append(key)
        if len(order) > WINDOW:
            seen.discard(order.popleft())
        yield text


def write_lines(texts, folder, counts):
    with open(os.path.join(folder, 'python.ndjson'), 'w', encoding='utf-8') as lines:
        for text in texts:
            counts['kept'] += 1
            lines.write(json.dumps({'text': text}, ensure_ascii=False) + '\n')


def write_shards(texts, processor, folder, counts):
    import numpy

    ids, shards = [], 0
    eos = processor.eos_id()
    full = SEQUENCE_LENGTH * SEQUENCES_PER_SHARD

    def save(count):
        nonlocal ids, shards
        array = numpy.array(ids[:count], dtype=numpy.int32).reshape(-1, SEQUENCE_LENGTH)
        numpy.save(os.path.join(folder, f'shard_{shards:05d}.npy'), array)
        ids = ids[count:]
        shards += 1

    for text in texts:
        counts['kept'] += 1
        encoded = processor.encode(text)
        encoded.append(eos)
        counts['tokens'] += len(encoded)
        ids.extend(encoded)
        while len(ids) >= full:
            save(full)
    rest = len(ids) // SEQUENCE_LENGTH * SEQUENCE_LENGTH
    if rest > 0:
        save(rest)


def main(job, *arguments):
    if job == 'check':
        sys.exit(0 if all(importlib.util.find_spec(package) for package in arguments) else 1)
    model, folder, every, *paths = arguments
    if job != 'filter':
        import numpy  # noqa: F401: loaded before the clock starts
        from sentencepiece import SentencePieceProcessor

        processor = SentencePieceProcessor(model_file=model)
    is_wanted = language_filter() if job != 'shard' else None
    counts = {'documents': 0, 'kept': 0, 'tokens': 0, 'text_bytes': 0}
    started, cpu_started = time.perf_counter(), time.process_time()
    texts = texts_of(paths, int(every), counts)
    kept = texts if is_wanted is None else filtered(texts, is_wanted)
    if job == 'filter':
        write_lines(kept, folder, counts)
    else:
        write_shards(kept, processor, folder, counts)
    seconds, cpu_seconds = time.perf_counter() - started, time.process_time() - cpu_started
    print(json.dumps({**counts, 'seconds': seconds, 'cpu_seconds': cpu_seconds}))


main(*sys.argv[1:])
