"""Prints, as JSON, the ids that a trainer's own reader gets from a folder of shards: a list for each document or row.

    python3 read_formats.py FORMAT FOLDER DTYPE SEQ_LEN

`llmc` is read by the rules of llm.c's dataloader, which is written in C. `ds` is read in windows, so that its documents
come from the index.
"""
import glob
import json
import os
import sys

import formats_stub

formats_stub.install()

import numpy as np

name, folder, dtype, seq_len = sys.argv[1:]
size = np.dtype(dtype).itemsize
paths = sorted(glob.glob(folder + "/shard*"))


def cut(ids, ends):
    return [part.tolist() for part in np.split(np.asarray(ids), ends)[:-1]]


def megatron():
    from megatron.core.datasets.indexed_dataset import IndexedDataset
    for path in paths:
        if path.endswith(".bin"):
            dataset = IndexedDataset(path[:-4])
            assert dataset.document_indices.tolist() == list(range(len(dataset) + 1))
            yield from (ids.tolist() for ids in dataset[:])


def olmo():
    from olmo_core.data.utils import iter_document_indices, load_array_slice
    for path in paths:
        if path.endswith(".npy"):
            for start, end in iter_document_indices(path, use_array_if_local=False, dtype=getattr(np, dtype)):
                yield load_array_slice(path, start, end, getattr(np, dtype)).tolist()


def ds():
    import datatrove.utils._import_utils as imports
    imports.is_torch_available = lambda: True
    from datatrove.utils.dataset import DatatroveFolderDataset
    dataset = DatatroveFolderDataset(folder, int(seq_len), token_size=size, return_positions=True)
    assert [os.path.basename(file.file_path) for file in dataset.files] == \
        [os.path.basename(path) for path in paths if path.endswith(".ds")]
    for file in dataset.files:
        ends = np.fromfile(os.path.join(folder, os.path.basename(file.file_path)) + ".index", "<u8")
        whole = np.fromfile(os.path.join(folder, os.path.basename(file.file_path)), "<u%d" % size)
        for i in range(len(file)):
            window = file[i]
            first = i * (int(seq_len) + 1)
            assert window["input_ids"].tolist() == whole[first:first + int(seq_len) + 1].tolist()
            starts = set(ends.tolist()) | {first}
            assert all((position == 0) == (first + j in starts) for j, position in enumerate(window["positions"]))
        yield from cut(whole, ends)


def llmc():
    for path in paths:
        header = np.fromfile(path, "<i4", 256)
        assert tuple(header[:2]) == ((20240520, 1) if size == 2 else (20240801, 7))
        assert os.path.getsize(path) == 1024 + size * header[2]
        yield np.fromfile(path, dtype, offset=1024).tolist()


def mds():
    from streaming.base.format.mds.reader import MDSReader
    index = json.load(open(folder + "/index.json"))
    for shard in index["shards"]:
        reader = MDSReader.from_json(folder, None, shard)
        yield from (sample["tokens"].tolist() for sample in reader)


def parquet():
    import pyarrow.parquet
    for path in paths:
        yield from pyarrow.parquet.read_table(path)["input_ids"].to_pylist()


print(json.dumps(list(globals()[name]())))
