"""The rivals of sluice in Python, one job in one process on one core.

    rivals.py versions PACKAGE...    a JSON object: the version of each package, null if it is missing
    rivals.py JOB ARGUMENTS          ARGUMENTS are a JSON object with the arguments of the function below

A job prints a JSON object: `count` (of what came out), and `cpu` and `wall`, seconds of the work. Modules and models
are loaded before the work begins; so are the texts, where a job doesn't read a file. `script` and `datatrove` measure
the whole process. Ids of encoders have a `digest`; `isWarmWanted` repeats the work.
"""
import csv
import importlib.metadata
import json
import os
import resource
import sys
import time
from collections import deque
from itertools import islice

from rival_encoders import Ids, encoding, loading
from rival_models import train_bpe, write_byte_level, write_pieces, write_tokenizer

STARTED = time.perf_counter()

SEQUENCE_LENGTH = 2048
SEQUENCES_PER_SHARD = 1024
MIN_CHARS, MAX_CHARS = 200, 100_000
WINDOW = 50_000
BATCH = 1000


def main(job, *arguments):
    if job == 'versions':
        print(json.dumps({package: version_of(package) for package in arguments}))
        return
    given = json.loads(arguments[0])
    is_warm_wanted = given.pop('isWarmWanted', False)
    run = JOBS[job](**given)
    taken, result = timed(run)
    if job in WHOLE_PROCESS:
        usages = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
        taken = {'cpu': sum(sum(usage[:2]) for usage in usages), 'wall': time.perf_counter() - STARTED}
    described = result.described() if isinstance(result, Ids) else result
    described = described if isinstance(described, dict) else {'count': described}
    warm = {'warm': timed(run)[0]} if is_warm_wanted else {}
    print(json.dumps({**taken, **described, **warm}))


def timed(run):
    cpu, wall = time.process_time(), time.perf_counter()
    result = run()
    return {'cpu': time.process_time() - cpu, 'wall': time.perf_counter() - wall}, result


def version_of(package):
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


def texts_of(path):
    with open(path, encoding='utf-8') as lines:
        for line in lines:
            yield json.loads(line)['text']


def normalized(text):
    return ' '.join(text.split())


def distinct(texts):
    """Exact deduplication, in a rolling window."""
    seen, order = set(), deque()
    for text in texts:
        found = hash(text)
        if found in seen:
            continue
        seen.add(found)
        order.append(found)
        if len(order) > WINDOW:
            seen.discard(order.popleft())
        yield text


def count_of(items):
    return sum(1 for _ in items)


def read_csv(path):
    def run():
        csv.field_size_limit(2 ** 31 - 1)
        with open(path, encoding='utf-8', newline='') as file:
            return count_of(csv.DictReader(file))

    return run


def normalize(path):
    texts = list(texts_of(path))
    return lambda: count_of(text for text in map(normalized, texts) if text)


def length(path):
    texts = list(texts_of(path))
    return lambda: count_of(text for text in texts if MIN_CHARS <= len(text) <= MAX_CHARS)


def dedup(path):
    texts = list(texts_of(path))
    return lambda: count_of(distinct(texts))


def language(path, model):
    import fasttext

    classifier = fasttext.load_model(model)
    texts = [text.replace('\n', ' ') for text in texts_of(path)]
    return lambda: count_of(label for text in texts for label in classifier.predict(text)[0])


def encode(encoder, path, model):
    return encoding(encoder, model, list(texts_of(path)))


def load(encoder, model):
    return loading(encoder, model)


def write_npy(folder, sequences):
    import numpy

    shard = numpy.arange(SEQUENCE_LENGTH * SEQUENCES_PER_SHARD, dtype=numpy.int32).reshape(-1, SEQUENCE_LENGTH)

    def run():
        for number in range(sequences // SEQUENCES_PER_SHARD):
            with open(os.path.join(folder, f'shard_{number:05d}.npy'), 'wb') as file:
                numpy.save(file, shard)
                file.flush()
                os.fsync(file.fileno())
        return sequences

    return run


def script(path, model, folder):
    """A script for speed: read, normalize, filter, deduplicate, encode in batches, pack, write."""
    import numpy
    import orjson
    from sentencepiece import SentencePieceProcessor

    processor = SentencePieceProcessor(model_file=model)
    full = SEQUENCE_LENGTH * SEQUENCES_PER_SHARD

    def texts():
        with open(path, 'rb') as lines:
            for line in lines:
                text = normalized(orjson.loads(line)['text'])
                if MIN_CHARS <= len(text) <= MAX_CHARS:
                    yield text

    def run():
        kept = distinct(texts())
        rest, shards, tokens = numpy.empty(0, dtype=numpy.int32), 0, 0

        def save(ids):
            numpy.save(os.path.join(folder, f'shard_{shards:05d}.npy'), ids.reshape(-1, SEQUENCE_LENGTH))

        while batch := list(islice(kept, BATCH)):
            encoded = processor.encode(batch, add_eos=True, num_threads=1, return_type='numpy')
            tokens += sum(map(len, encoded))
            rest = numpy.concatenate((rest, *encoded))
            while len(rest) >= full:
                save(rest[:full])
                rest = rest[full:]
                shards += 1
        whole = len(rest) // SEQUENCE_LENGTH * SEQUENCE_LENGTH
        if whole > 0:
            save(rest[:whole])
        return tokens

    return run


def datatrove(path, tokenizer, folder):
    """The same flow as a pipeline of datatrove; deduplication is a separate job there, and left out."""
    from loguru import logger

    logger.remove()
    from datatrove.executor import LocalPipelineExecutor
    from datatrove.pipeline.filters import LambdaFilter
    from datatrove.pipeline.readers import JsonlReader
    from datatrove.pipeline.tokens import DocumentTokenizer

    def is_wanted(document):
        document.text = normalized(document.text)
        return MIN_CHARS <= len(document.text) <= MAX_CHARS

    def run():
        LocalPipelineExecutor(
            pipeline=[
                JsonlReader(os.path.dirname(path), glob_pattern=os.path.basename(path)),
                LambdaFilter(is_wanted),
                DocumentTokenizer(folder, tokenizer_name_or_path=tokenizer, eos_token='</s>', shuffle_documents=False),
            ],
            tasks=1, workers=1, logging_dir=os.path.join(folder, 'logs'), skip_completed=False,
        ).run()
        files = [os.path.join(folder, name) for name in os.listdir(folder) if name.endswith('.ds')]
        return sum(os.path.getsize(file) // 2 for file in files)  # ids of 16 bits

    return run


def langdetect(path, folder, every):
    """Filters every n-th document, as langdetect needs a minute for all of them."""
    from langdetect import DetectorFactory, detect_langs
    from langdetect.lang_detect_exception import LangDetectException

    DetectorFactory.seed = 0  # otherwise its results are random
    detect_langs('the profiles are loaded now')

    def is_english(text):
        try:
            best = detect_langs(text)[0]
        except LangDetectException:
            return False
        return best.lang == 'en' and best.prob >= 0.8

    def run():
        kept, read = 0, 0
        with open(os.path.join(folder, 'python.ndjson'), 'w', encoding='utf-8') as lines:
            texts = (text for number, text in enumerate(texts_of(path)) if number % every == 0)

            def counted():
                nonlocal read
                for text in texts:
                    read += len(text.encode())
                    yield normalized(text)

            for text in distinct(text for text in counted() if 200 <= len(text) <= 10_000 and is_english(text)):
                kept += 1
                lines.write(json.dumps({'text': text}, ensure_ascii=False) + '\n')
        return {'count': kept, 'textBytes': read}

    return run


JOBS = {job.__name__: job for job in (
    read_csv, normalize, length, dedup, language, encode, load, write_npy, script, datatrove, langdetect, train_bpe,
    write_byte_level, write_pieces, write_tokenizer)}
WHOLE_PROCESS = ('script', 'datatrove')

if __name__ == '__main__':
    main(*sys.argv[1:])
