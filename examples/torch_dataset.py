"""Shards in PyTorch: rows for ranks and workers, in a seeded order, resumable by a count.

    dataset = ShardDataset(["data/mixture/train"], documents=True)
    sampler = RankSampler(dataset, seed=42)
    loader = DataLoader(dataset, batch_size=8, sampler=sampler, num_workers=2)
    # or: DataLoader(ShardStream(dataset, sampler, batch_size=8), batch_size=8, num_workers=2)
    for epoch in range(epochs):
        sampler.set_epoch(epoch)
        for batch in loader:
            ids = batch["input_ids"]  # inputs are ids[:, :-1], labels ids[:, 1:], and their mask loss_mask[:, 1:]

Both loaders give the same batches, with any number of workers. In an epoch, no row is read twice, and all ranks read
the same number of rows: up to world_size - 1 rows at the end of the order are left out. To resume, call
set_epoch(epoch, start=rows), where rows is the number of rows that all ranks together have read in the epoch:
steps * batch_size * world_size. The number of ranks, workers and rows of a batch may then differ.

Run it: python examples/torch_dataset.py FOLDER...
"""
import functools
import glob
import os
import sys
from bisect import bisect_right
from itertools import accumulate

import numpy as np
import torch
from torch.utils.data import DataLoader, Dataset, IterableDataset, Sampler, get_worker_info

RECORD = np.dtype([("row", "<u4"), ("column", "<u4"), ("length", "<u4"), ("offset", "<u4"), ("id", "<u8")])


class ShardDataset(Dataset):
    """The rows of the shards in some folders, in their order.

    An item has input_ids and, with documents: document_ids, the index of the document in the row, or -1 for padding;
    position_ids, counted from where the document begins in the row; and loss_mask, which is False for padding.
    """

    def __init__(self, folders, documents=False):
        self.documents = documents
        self.paths, self.sizes, shapes = [], [], []
        for folder in folders:
            paths = shards_in(folder)
            shapes += [np.load(path, mmap_mode="r").shape for path in paths]
            self.paths += paths
            self.sizes.append(sum(rows for rows, _ in shapes[-len(paths) :]))
        lengths = {length for _, length in shapes}
        if len(lengths) > 1:
            raise ValueError(f"{', '.join(folders)}: rows have different lengths: {sorted(lengths)}")
        if documents:
            for path in self.paths:
                os.stat(documents_path(path))  # a missing file fails here, and not in a worker
        self.firsts = [0, *accumulate(rows for rows, _ in shapes)]

    def __len__(self):
        return self.firsts[-1]

    def __getitem__(self, index):
        if not 0 <= index < len(self):
            raise IndexError(f"row {index} of {len(self)}")
        shard = bisect_right(self.firsts, index) - 1
        row = index - self.firsts[shard]
        ids = np.array(mapped_ids(self.paths[shard])[row], dtype=np.int64)
        item = {"input_ids": ids}
        if self.documents:
            records, bounds = mapped_documents(self.paths[shard])
            item |= masks(records[bounds[row] : bounds[row + 1]], len(ids))
        return {name: torch.from_numpy(values) for name, values in item.items()}


def shards_in(folder):
    paths = glob.glob(os.path.join(glob.escape(folder), "shard_*.npy"))
    if not paths:
        raise FileNotFoundError(f"{folder}: holds no shards; of a training set, pass the folder train")
    return sorted(paths, key=lambda path: (len(path), path))


def documents_path(path):
    return path.removesuffix(".npy") + ".docs"


# A process may not map all shards of a large set at once: each map has an open file.
@functools.lru_cache(maxsize=128)
def mapped_ids(path):
    return np.load(path, mmap_mode="r")


@functools.lru_cache(maxsize=128)
def mapped_documents(path):
    """The records of a shard, and the index of the first record of each row."""
    records = np.memmap(documents_path(path), RECORD, mode="r")
    return records, np.searchsorted(records["row"], np.arange(len(mapped_ids(path)) + 1))


def masks(records, length):
    document_ids = np.full(length, -1, dtype=np.int64)
    position_ids = np.zeros(length, dtype=np.int64)
    for index, record in enumerate(records):
        place = slice(record["column"], record["column"] + record["length"])
        document_ids[place] = index
        position_ids[place] = np.arange(record["length"])
    return {"document_ids": document_ids, "position_ids": position_ids, "loss_mask": document_ids >= 0}


class RankSampler(Sampler):
    """The rows of a rank in an epoch. Their order is computed row by row, so that it needs no memory.

    weights has a share for each folder of the dataset. An epoch is then as long as it can be without reading a row
    twice, and reads other rows of the larger folders in each epoch. To repeat a small source, use `sluice mix`.
    Without shuffle, rows are in the order of the shards, which is faster on disks, and random in the output of
    `sluice mix`. rank and world_size are by default those that torchrun sets in the environment.
    """

    def __init__(self, dataset, weights=None, seed=0, shuffle=True, rank=None, world_size=None):
        self.available = dataset.sizes
        self.sizes = dataset.sizes if weights is None else weighted(dataset.sizes, weights)
        if weights is not None and not shuffle:
            raise ValueError("weights need shuffle: without it, one folder would follow the other")
        self.seed = seed
        self.shuffle = shuffle
        self.rank = int(os.environ.get("RANK", 0)) if rank is None else rank
        self.world_size = int(os.environ.get("WORLD_SIZE", 1)) if world_size is None else world_size
        if not 0 <= self.rank < self.world_size:
            raise ValueError(f"rank {self.rank}: expected 0 to {self.world_size - 1}")
        self.set_epoch(0)

    def set_epoch(self, epoch, start=0):
        """Sets the epoch, and how many of its rows all ranks together have read."""
        total = sum(self.sizes)
        self.start = min(start, total)  # the last batch of an epoch may have fewer rows than were counted
        self.order = Permutation(total, self.seed, epoch)
        self.chosen = [Permutation(size, self.seed, epoch, i + 1) for i, size in enumerate(self.available)]

    def __len__(self):
        return (sum(self.sizes) - self.start) // self.world_size

    def __iter__(self):
        return (self[position] for position in range(len(self)))

    def __getitem__(self, position):
        """The index, in the dataset, of a row of this rank."""
        index = self.start + position * self.world_size + self.rank
        if not self.shuffle:
            return index
        index, first = self.order[index], 0
        for size, available, chosen in zip(self.sizes, self.available, self.chosen):
            if index < size:
                return first + (index if size == available else chosen[index])
            index -= size
            first += available


def weighted(sizes, weights):
    """Rows of each folder in an epoch."""
    if len(weights) != len(sizes) or min(weights) <= 0:
        raise ValueError(f"weights {weights}: expected a positive number for each of {len(sizes)} folders")
    unit = min(size / weight for size, weight in zip(sizes, weights))
    return [min(size, int(unit * weight + 0.5)) for size, weight in zip(sizes, weights)]


class Permutation:
    """A random order of range(size): a Feistel network, repeated until its result is within the range."""

    def __init__(self, size, *seeds):
        self.size = size
        self.bits = max(1, ((size - 1).bit_length() + 1) // 2)
        self.keys = [hashed(*seeds, number) for number in range(6)]

    def __getitem__(self, index):
        bits, mask = self.bits, (1 << self.bits) - 1
        while True:
            left, right = index >> bits, index & mask
            for key in self.keys:
                left, right = right, left ^ mixed(right ^ key) & mask
            index = left << bits | right
            if index < self.size:
                return index


def hashed(*numbers):
    return functools.reduce(lambda hash, number: mixed(hash + 0x9E3779B9 + number), numbers, 0)


def mixed(number):
    """The finalizer of MurmurHash3, of 32 bits."""
    number &= 0xFFFFFFFF
    number = (number ^ number >> 16) * 0x85EBCA6B & 0xFFFFFFFF
    number = (number ^ number >> 13) * 0xC2B2AE35 & 0xFFFFFFFF
    return number ^ number >> 16


class ShardStream(IterableDataset):
    """The rows of a sampler, read by the workers of a DataLoader with the same batch_size: each reads whole batches.

    Workers are copies, so set_epoch has no effect on workers that exist: leave persistent_workers off.
    """

    def __init__(self, dataset, sampler, batch_size=1):
        self.dataset = dataset
        self.sampler = sampler
        self.batch_size = batch_size

    def __len__(self):
        return len(self.sampler)

    def __iter__(self):
        info = get_worker_info()
        worker, workers = (0, 1) if info is None else (info.id, info.num_workers)
        size, end = self.batch_size, len(self.sampler)
        for first in range(worker * size, end, workers * size):
            for position in range(first, min(first + size, end)):
                yield self.dataset[self.sampler[position]]


if __name__ == "__main__":
    dataset = ShardDataset(sys.argv[1:] or ["data/quickstart/shards/docs"], documents=True)
    loader = DataLoader(dataset, batch_size=8, sampler=RankSampler(dataset))
    print({name: tuple(values.shape) for name, values in next(iter(loader)).items()})
