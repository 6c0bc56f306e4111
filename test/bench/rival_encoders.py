"""The encoders that sluice is compared with: what they load, and how they encode texts.

Each returns a function that encodes a list of texts and returns a list of ids for each.
"""
import array
import base64
import gc
import hashlib
import os


class Ids:
    """Ids of texts, which are counted and hashed once the clock has stopped."""

    def __init__(self, lists):
        self.lists = lists

    def described(self):
        digest, count = hashlib.sha256(), 0
        lists = self.lists.to_list() if hasattr(self.lists, 'to_list') else self.lists  # of gigatoken
        for ids in lists:
            values = array.array('i', ids)
            count += len(values)
            digest.update(array.array('i', [len(values)]).tobytes())
            digest.update(values.tobytes())
        return {'count': count, 'digest': digest.hexdigest()}


def sentencepiece(path):
    from sentencepiece import SentencePieceProcessor

    processor = SentencePieceProcessor(model_file=path)
    return lambda texts: [processor.encode(text) for text in texts]


def tokenizers(path):
    from tokenizers import Tokenizer

    loaded = Tokenizer.from_file(path)
    return lambda texts: [encoded.ids for encoded in loaded.encode_batch_fast(texts, add_special_tokens=False)]


def tiktoken(path):
    """The encoding that has the file's name, by tiktoken's own settings, without a download of the file."""
    from tiktoken import Encoding
    from tiktoken_ext import openai_public

    openai_public.load_tiktoken_bpe = lambda *_, **__: ranks_of(path)
    encoding = Encoding(**getattr(openai_public, os.path.basename(path).removesuffix('.tiktoken'))())
    return lambda texts: [encoding.encode_ordinary(text) for text in texts]


def gigatoken(path):
    from gigatoken import Tokenizer

    loaded = Tokenizer.from_tiktoken(path) if path.endswith('.tiktoken') else Tokenizer(path)
    return lambda texts: loaded.encode_batch(texts, parallel=False)


def ranks_of(path):
    """Ids of tokens in a file of tiktoken's."""
    with open(path, 'rb') as lines:
        return {base64.b64decode(token): int(rank) for token, rank in map(bytes.split, lines)}


ENCODERS = {encoder.__name__: encoder for encoder in (sentencepiece, tokenizers, tiktoken, gigatoken)}


def encoding(encoder, model, texts):
    """A run that encodes texts with an encoder that is loaded before."""
    encode = ENCODERS[encoder](model)
    gc.disable()  # it would only walk the ids that are kept
    return lambda: Ids(encode(texts))


def loading(encoder, model):
    """A run that imports an encoder and loads a file."""
    def run():
        ENCODERS[encoder](model)
        return 0

    return run
