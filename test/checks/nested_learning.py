"""Reads shards as nested_learning's loader does, by an exported configuration: its rules, written anew.

usage: nested_learning.py CONFIG SEGMENTS -> JSON
Every *.npy file in a folder of a source is one of its shards. A sample is a row: of a source drawn by the weights, of a
file of it drawn at random, drawn at random there.
"""
import json
import sys
from pathlib import Path

import numpy
import yaml


def shards(folder):
    return [numpy.load(path, mmap_mode="r") for path in sorted(Path(folder).glob("*.npy"))]


def described(name, arrays):
    return {
        "name": name,
        "rows": sum(array.shape[0] for array in arrays),
        "columns": sorted({array.shape[1] for array in arrays}),
        "dimensions": sorted({array.ndim for array in arrays}),
        "dtypes": sorted({str(array.dtype) for array in arrays}),
    }


with open(sys.argv[1]) as file:
    data = yaml.safe_load(file)["data"]
with open(sys.argv[2]) as file:
    segments = yaml.safe_load(file)["segments"]
assert data["source"] == "mixture" and data["batch_size"] > 0 and data["num_workers"] >= 0
mixture = data["mixture"]
names = [source["name"] for source in mixture["sources"]]
sources = [shards(source["shards_dir"]) for source in mixture["sources"]]
weights = numpy.array([max(source["weight"], 0.0) for source in mixture["sources"]])
random = numpy.random.default_rng(mixture["seed"])
drawn = [0] * len(sources)
for _ in range(mixture["samples_per_epoch"]):
    index = random.choice(len(sources), p=weights / weights.sum())
    shard = sources[index][random.integers(0, len(sources[index]))]
    row = numpy.array(shard[random.integers(0, shard.shape[0])]).astype(numpy.int64)
    drawn[index] += row.shape[0]
print(json.dumps({
    "sources": [
        {**described(name, arrays), "weight": source["weight"], "drawn": tokens}
        for name, arrays, source, tokens in zip(names, sources, mixture["sources"], drawn)
    ],
    "segments": [described(segment["name"], shards(segment["shards_dir"])) for segment in segments],
}))
