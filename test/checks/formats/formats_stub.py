"""Replaces modules that readers of token files import, but don't need to read them: PyTorch and cloud clients.

Modules that are installed are used. The readers' own code is unchanged: packages whose `__init__` imports a whole
trainer are entered without running it.
"""
import importlib.abc
import importlib.machinery
import importlib.util
import os
import sys
import types

STUBBED = ["torch", "torchvision", "boto3", "botocore", "google", "azure", "oci", "paramiko", "transformers",
           "tokenizers", "catalogue", "dataclass_extensions", "cached_path", "rich", "omegaconf", "safetensors"]
# Of these packages, only the modules below are run.
ENTERED = ["megatron", "megatron.core", "megatron.core.datasets", "streaming", "streaming.base",
           "streaming.base.storage", "streaming.base.format", "streaming.base.format.base",
           "streaming.base.format.mds", "olmo_core", "olmo_core.data", "olmo_core.distributed",
           "datatrove.pipeline", "datatrove.pipeline.tokens"]


class AnyAttribute(type):
    def __getattr__(cls, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return AnyAttribute(name, (Anything,), {})


class Anything(metaclass=AnyAttribute):
    def __init__(self, *args, **kwargs):
        pass

    def __init_subclass__(cls, **kwargs):
        pass

    def __class_getitem__(cls, item):
        return cls

    def __call__(self, *args, **kwargs):
        return args[0] if len(args) == 1 and callable(args[0]) else self

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return Anything()


class StubModule(types.ModuleType):
    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return AnyAttribute(name, (Anything,), {})


class Stubs(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    def __init__(self, names):
        self.names = names

    def find_spec(self, name, path, target=None):
        if name.split(".")[0] in self.names:
            return importlib.machinery.ModuleSpec(name, self, is_package=True)

    def create_module(self, spec):
        return StubModule(spec.name)

    def exec_module(self, module):
        pass


def install():
    missing = {name for name in STUBBED if importlib.util.find_spec(name) is None}
    sys.meta_path.append(Stubs(missing))
    if "torch" in missing:
        numpy_torch()
    for name in ENTERED:
        enter(name)
    utils = types.ModuleType("megatron.core.utils")
    utils.log_single_rank = lambda *args, **kwargs: None
    sys.modules["megatron.core.utils"] = utils


def enter(name):
    for place in sys.path:
        path = os.path.join(place, *name.split("."))
        if os.path.isdir(path):
            module = types.ModuleType(name)
            module.__path__ = [path]
            sys.modules[name] = module
            return


def numpy_torch():
    """The few functions of PyTorch by which readers hand out what they have read: as arrays of NumPy."""
    import numpy as np
    torch = importlib.import_module("torch")
    torch.Tensor = np.ndarray
    torch.long = torch.int64 = np.int64
    torch.int = torch.int32 = np.int32
    torch.tensor = torch.as_tensor = lambda value, dtype=None: np.asarray(value, dtype)
    torch.ones = lambda size, dtype=None: np.ones(size, dtype)
    torch.cat = np.concatenate
    torch.cumsum = lambda value, dim: np.cumsum(value, axis=dim)
