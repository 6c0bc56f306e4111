"""Models for the rivals: one of the type BPE, and `tokenizer.json` files of SentencePiece models."""
import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1]))
from fixtures.encoded.proto import fields  # noqa: E402


def train_bpe(lines, prefix, pieces):
    from sentencepiece import SentencePieceTrainer

    def run():
        SentencePieceTrainer.train(input=lines, model_prefix=prefix, model_type='bpe', vocab_size=pieces,
                                   num_threads=2, minloglevel=2)
        return pieces

    return run


def write_tokenizer(model, output):
    """Writes a model of SentencePiece as a `tokenizer.json`, as transformers converts it."""
    from sentencepiece import SentencePieceProcessor
    from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers

    processor = SentencePieceProcessor(model_file=model)
    proto = processor.serialized_model_proto()
    pieces = [(processor.id_to_piece(i), processor.get_score(i)) for i in range(processor.vocab_size())]
    is_bpe = dict(fields(dict(fields(proto))[2])).get(3, 1) == 2

    def run():
        if is_bpe:
            vocab = {piece: i for i, (piece, _) in enumerate(pieces)}
            tokenizer = Tokenizer(models.BPE(vocab, merges_of(vocab), unk_token='<unk>', fuse_unk=True))
        else:
            tokenizer = Tokenizer(models.Unigram(pieces, unk_id=processor.unk_id()))
        charsmap = dict(fields(dict(fields(proto))[3])).get(2, b'')
        collapse = [normalizers.Strip(), normalizers.Replace(Regex(' {2,}'), ' ')]
        precompiled = [normalizers.Precompiled(charsmap)] if charsmap else []
        tokenizer.normalizer = normalizers.Sequence([*precompiled, *collapse])
        tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
        tokenizer.save(output)
        return len(pieces)

    return run


def merges_of(vocab):
    """Which two pieces each piece is merged of, the most frequent ones first."""
    splits = ((piece, piece[:i], piece[i:]) for piece in vocab for i in range(1, len(piece)))
    found = [(vocab[piece], vocab[a], vocab[b], (a, b)) for piece, a, b in splits if a in vocab and b in vocab]
    return [merge for *_, merge in sorted(found)]
