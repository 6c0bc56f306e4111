"""Reads shards with examples/torch_dataset.py, in PyTorch or in a stand-in for the part of it that is used.

usage: loading.py EXAMPLES FOLDER FOLDER

The ids of a document are 100 * its number + their place in it; 0 is padding. Prints JSON: checks, each with its name
and whether it passed, and the rows that the ranks of a weighted epoch read, to be compared with another reader's.
"""
import json
import sys
import types
from itertools import islice

import numpy as np


def stack(items):
    return {name: np.stack([item[name] for item in items]) for name in items[0]}


class Loader:
    """torch.utils.data.DataLoader in one process: workers give their batches in turn."""

    worker = None

    def __init__(self, dataset, batch_size, sampler=None, num_workers=0):
        self.dataset, self.batch_size, self.sampler, self.workers = dataset, batch_size, sampler, num_workers

    def __iter__(self):
        if self.sampler is not None:
            return self.batches(self.dataset[index] for index in self.sampler)
        return self.in_turn() if self.workers > 0 else self.batches(iter(self.dataset))

    def batches(self, items):
        while batch := list(islice(items, self.batch_size)):
            yield stack(batch)

    def in_turn(self):
        running = [(worker, self.batches(iter(self.dataset))) for worker in range(self.workers)]
        while running:
            for entry in list(running):
                Loader.worker = types.SimpleNamespace(id=entry[0], num_workers=self.workers)
                batch = next(entry[1], None)
                Loader.worker = None
                if batch is None:
                    running.remove(entry)
                else:
                    yield batch


try:
    import torch  # noqa: F401
except ImportError:
    torch, utils, data = (types.ModuleType(name) for name in ["torch", "torch.utils", "torch.utils.data"])
    torch.from_numpy = np.asarray
    data.DataLoader, data.get_worker_info = Loader, lambda: Loader.worker
    data.Dataset, data.IterableDataset, data.Sampler = object, object, object
    sys.modules |= {"torch": torch, "torch.utils": utils, "torch.utils.data": data}

examples, *folders = sys.argv[1:]
sys.path.insert(0, examples)
from torch.utils.data import DataLoader  # noqa: E402
from torch_dataset import RankSampler, ShardDataset, ShardStream  # noqa: E402

checks = []
dataset = ShardDataset(folders, documents=True)
every_row = {tuple(item["input_ids"].tolist()) for item in dataset}


def batches(kind, sampler, workers, batch_size):
    if kind == "map":
        loader = DataLoader(dataset, batch_size=batch_size, sampler=sampler, num_workers=workers)
    else:
        stream = ShardStream(dataset, sampler, batch_size=batch_size)
        loader = DataLoader(stream, batch_size=batch_size, num_workers=workers)
    return [[tuple(row) for row in np.asarray(batch["input_ids"]).tolist()] for batch in loader]


def rows(batches):
    return [row for batch in batches for row in batch]


def check_epoch(world_size, workers, shuffle):
    each_once = are_equal = True
    read = []
    for rank in range(world_size):
        sampler = RankSampler(dataset, seed=7, shuffle=shuffle, rank=rank, world_size=world_size)
        sampler.set_epoch(3)
        by_rank = batches("stream", sampler, workers, 4)
        are_equal &= by_rank == batches("map", sampler, workers, 4) == batches("stream", sampler, 0, 4)
        each_once &= len(rows(by_rank)) == len(dataset) // world_size == len(sampler)
        read += rows(by_rank)
    each_once &= len(set(read)) == len(read) and set(read) <= every_row and len(every_row) == len(dataset)
    name = f"{world_size} ranks of {workers} workers, {'shuffled' if shuffle else 'in order'}"
    checks.append([f"{name}: each row once, and as many for each rank ({len(read)} of {len(dataset)})", each_once])
    checks.append([f"{name}: the same batches from each loader, with any number of workers", are_equal])


def check_resuming():
    before, after = [], []
    for rank in range(2):
        sampler = RankSampler(dataset, seed=7, rank=rank, world_size=2)
        before += rows(batches("stream", sampler, 2, 4)[:5])
    for rank in range(3):
        sampler = RankSampler(dataset, seed=7, rank=rank, world_size=3)
        sampler.set_epoch(0, start=len(before))
        after += rows(batches("stream", sampler, 3, 8))
    left = len(dataset) - len(before) - len(after)
    passed = len(before) == 40 and 0 <= left < 3 and len(set(before + after)) == len(before + after)
    sampler.set_epoch(0, start=len(dataset) + 5)
    passed &= len(sampler) == 0 == len(list(sampler))
    checks.append(["an epoch resumed with other ranks, workers and batches: the rest of the rows, each once", passed])


def check_masks():
    passed, padding = True, 0
    for item in dataset:
        ids, documents, positions, mask = (
            np.asarray(item[name]) for name in ["input_ids", "document_ids", "position_ids", "loss_mask"]
        )
        numbers = list(dict.fromkeys(id // 100 for id in ids.tolist() if id != 0))
        firsts = {number: ids[ids // 100 == number].min() for number in numbers}
        passed &= documents.tolist() == [numbers.index(id // 100) if id != 0 else -1 for id in ids.tolist()]
        passed &= positions.tolist() == [id - firsts[id // 100] if id != 0 else 0 for id in ids.tolist()]
        passed &= mask.tolist() == [id != 0 for id in ids.tolist()]
        padding += int((~mask).sum())
    checks.append([f"document ids, position ids and loss masks ({padding} ids of padding)", passed and padding > 0])


def weighted_epoch(epoch, start=0):
    read = []
    for rank in range(2):
        sampler = RankSampler(dataset, weights=[0.25, 0.75], seed=11, rank=rank, world_size=2)
        sampler.set_epoch(epoch, start)
        read.append(rows(batches("map", sampler, 0, 4)))
    return read


def check_weights():
    first, second = (rows(weighted_epoch(epoch)) for epoch in [0, 1])
    of_folder = {tuple(dataset[index]["input_ids"].tolist()) for index in range(dataset.sizes[0])}
    share = len(of_folder & set(first)) / len(first)
    name = f"weights 1 to 3: {share:.3f} of {len(first)} rows are from the first folder"
    checks.append([name, abs(share - 0.25) < 0.02])
    is_each_once = len(set(first)) == len(first) and len(set(second)) == len(second)
    checks.append(["weights: no row twice, and others in the next epoch", is_each_once and set(first) != set(second)])


for world_size, workers, shuffle in [(1, 0, True), (2, 3, True), (3, 2, True), (4, 2, False)]:
    check_epoch(world_size, workers, shuffle)
check_resuming()
check_masks()
check_weights()
print(json.dumps({"checks": checks, "rows": weighted_epoch(2, start=8)}))
