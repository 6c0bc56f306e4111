"""Models to encode with: one of SentencePiece's of the type BPE, and `tokenizer.json` files."""
import importlib.util
import json
import struct
import sys
from pathlib import Path

from rival_encoders import ranks_of

sys.path.append(str(Path(__file__).parents[1]))
from fixtures.encoded.proto import fields  # noqa: E402
from fixtures.piece_families import written  # noqa: E402


# As Llama 2 was trained.
LLAMA = dict(normalization_rule_name='identity', remove_extra_whitespaces=False, allow_whitespace_only_pieces=True,
             byte_fallback=True, split_digits=True)


def train_bpe(lines, prefix, pieces):
    from sentencepiece import SentencePieceTrainer

    def run():
        SentencePieceTrainer.train(input=lines, model_prefix=prefix, model_type='bpe', vocab_size=pieces,
                                   hard_vocab_limit=False, num_threads=2, minloglevel=2, **LLAMA)
        return pieces

    return run


def write_tokenizer(model, output):
    """Writes a model of SentencePiece as a `tokenizer.json`, as transformers converts it."""
    from sentencepiece import SentencePieceProcessor
    from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers

    processor = SentencePieceProcessor(model_file=model)
    proto = dict(fields(processor.serialized_model_proto()))
    trainer, normalizer = dict(fields(proto[2])), dict(fields(proto[3]))
    pieces = [(processor.id_to_piece(i), processor.get_score(i)) for i in range(processor.vocab_size())]
    charsmap, is_collapsed = normalizer.get(2, b''), normalizer.get(4, 1) == 1

    def run():
        if trainer.get(3, 1) == 2:
            vocab = {piece: i for i, (piece, _) in enumerate(pieces)}
            has_bytes = trainer.get(35, 0) == 1
            tokenizer = Tokenizer(models.BPE(vocab, merges_of(vocab), unk_token='<unk>', fuse_unk=True,
                                             byte_fallback=has_bytes))
        else:
            tokenizer = Tokenizer(models.Unigram(pieces, unk_id=processor.unk_id()))
        steps = [normalizers.Precompiled(charsmap)] if charsmap else []
        if is_collapsed:
            steps += [normalizers.Strip(), normalizers.Replace(Regex(' {2,}'), ' ')]
            tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
        else:
            steps += [normalizers.Prepend('▁'), normalizers.Replace(' ', '▁')]
        tokenizer.normalizer = normalizers.Sequence(steps)
        tokenizer.save(output)
        return len(pieces)

    return run


def write_pieces(model, name, output):
    """Writes a model of SentencePiece as a `tokenizer.json` with the settings of a family."""
    def run():
        written(model, name, output)
        return 1

    return run


def merges_of(vocab):
    """Which two pieces each piece is merged of, the most frequent ones first."""
    splits = ((piece, piece[:i], piece[i:]) for piece in vocab for i in range(1, len(piece)))
    found = [(vocab[piece], vocab[a], vocab[b], (a, b)) for piece, a, b in splits if a in vocab and b in vocab]
    return [merge for *_, merge in sorted(found)]


CONTRACTIONS = "(?i:'s|'t|'re|'ve|'m|'ll|'d)"
WORDS = r"[^\r\n\p{L}\p{N}]?\p{L}+"
MARKS = r" ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
LLAMA_3 = rf"{CONTRACTIONS}|{WORDS}|\p{{N}}{{1,3}}|{MARKS}"
QWEN_3 = rf"{CONTRACTIONS}|{WORDS}|\p{{N}}|{MARKS}"
DEEPSEEK = (
    r"\p{N}{1,3}",
    "[一-龥\u3040-ゟ゠-ヿ]+",
    r"""[!"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+| ?[\p{P}\p{S}]+[\r\n]*"""
    r"|\s*[\r\n]+|\s+(?!\S)|\s+",
)


def family(name):
    """How a family normalizes and splits text."""
    from tokenizers import Regex, normalizers, pre_tokenizers

    def split(*expressions):
        splits = [pre_tokenizers.Split(Regex(expression), 'isolated') for expression in expressions]
        return pre_tokenizers.Sequence([*splits, pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])

    words = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)
    return {
        'gpt2': (None, words),
        'llama3': (None, split(LLAMA_3)),
        'qwen3': (normalizers.NFC(), split(QWEN_3)),
        'deepseek': (None, split(*DEEPSEEK)),
        'starcoder': (None, pre_tokenizers.Sequence([pre_tokenizers.Digits(individual_digits=True), words])),
    }[name]


def write_byte_level(vocabulary, name, output):
    """Writes a `tokenizer.json` of byte-level BPE, of the tokens of a rank file or of quicktok's vocabulary."""
    from tokenizers import Tokenizer, decoders, models

    ranks = ranks_of(vocabulary) if vocabulary.endswith('.tiktoken') else quicktok_vocabulary(vocabulary)
    normalizer, pre_tokenizer = family(name)
    is_llama = name == 'llama3'  # which was made of a rank file: it has all merges, and takes whole words before them

    def run():
        vocab = {characters_of(token): rank for token, rank in ranks.items()}
        merges = all_merges(ranks) if is_llama else learned_merges(ranks)
        characters = [tuple(map(characters_of, merge)) for merge in merges]
        tokenizer = Tokenizer(models.BPE(vocab, characters, ignore_merges=is_llama))
        if normalizer is not None:
            tokenizer.normalizer = normalizer
        tokenizer.pre_tokenizer = pre_tokenizer
        tokenizer.decoder = decoders.ByteLevel()
        tokenizer.save(output)
        return len(vocab)

    return run


def quicktok_vocabulary(name):
    """Tokens and their ids, as the package quicktok-v1 has them for a model."""
    folder = Path(importlib.util.find_spec('quicktok').origin).parent
    content = (folder / 'data' / f'{name}.vocab').read_bytes()
    count, at, ids = struct.unpack_from('<I', content)[0], 4, {}
    for _ in range(count):
        length, = struct.unpack_from('<H', content, at)
        token = content[at + 2:at + 2 + length]
        ids[token], = struct.unpack_from('<I', content, at + 2 + length)
        at += length + 6
    return ids


def all_merges(ranks):
    """All pairs of tokens that are a token when they are joined, by its rank, as transformers converts rank files."""
    merges = []
    for token in sorted(ranks, key=ranks.get):
        splits = [(token[:i], token[i:]) for i in range(1, len(token)) if token[:i] in ranks and token[i:] in ranks]
        merges += sorted(splits, key=lambda pair: (ranks[pair[0]], ranks[pair[1]]))
    return merges


def learned_merges(ranks):
    """For each token the pair that the merges of lower ranks leave of it: the one that training has merged."""
    merges = []
    for token in sorted(ranks, key=ranks.get):
        parts = [token[i:i + 1] for i in range(len(token))]
        while len(parts) > 2:
            joined = [ranks.get(a + b, ranks[token]) for a, b in zip(parts, parts[1:])]
            lowest = min(joined)
            if lowest >= ranks[token]:
                break
            at = joined.index(lowest)
            parts[at:at + 2] = [parts[at] + parts[at + 1]]
        if len(parts) == 2:
            merges.append(tuple(parts))
    return merges


def characters_of(token):
    return ''.join(map(CHARACTERS.__getitem__, token))


def byte_characters():
    """The character that stands for each byte in a vocabulary of byte-level BPE."""
    printable = {*range(0x21, 0x7f), *range(0xa1, 0xad), *range(0xae, 0x100)}
    others = iter(range(0x100, 0x200))
    return [chr(byte if byte in printable else next(others)) for byte in range(256)]


CHARACTERS = byte_characters()
