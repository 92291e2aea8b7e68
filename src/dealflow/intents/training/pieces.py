"""Makes the encoder's tokenizer: the pieces that live chat needs, out of a quarter of a million.

Kept are the pieces that the corpus uses and the commonest others of the alphabets in which people
sell; case is folded before cutting, so that pieces with capitals are left out.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import sentencepiece as spm

from dealflow.errors import TrainingUnavailable
from dealflow.intents.encoder.inputs import UNKNOWN
from dealflow.intents.training.weights import Weights

COMMONEST = 11_000
"""Pieces beside those of the corpus; more cost 384 bytes each and are hardly met."""

SPECIAL = ("<s>", "<pad>", "</s>", "<unk>")
_NORMAL, _UNKNOWN, _CONTROL = 1, 2, 3
_ALPHABETS = re.compile(
    r"^[▁!-~\u00a0-\u024f\u0300-\u036f\u0400-\u045f\u0600-\u06ff\u0900-\u097f\u0e00-\u0e7f"
    r"\u1e00-\u1eff\u2000-\u2bff\u3000-\u30ff\u3400-\u9fff\uac00-\ud7af\U0001f000-\U0001faff]+$"
)


def tokenizer(pieces: Sequence[str], scores: Sequence[float]) -> bytes:
    """Return a SentencePiece unigram model of these pieces, numbered from 4 in this order."""
    try:
        from sentencepiece import sentencepiece_model_pb2 as form
    except ImportError as error:
        raise TrainingUnavailable("Training needs the package protobuf.") from error
    model = form.ModelProto()  # type: ignore[attr-defined]
    for name in SPECIAL:
        piece = model.pieces.add()
        piece.piece, piece.score = name, 0.0
        piece.type = _UNKNOWN if name == SPECIAL[UNKNOWN] else _CONTROL
    for name, score in zip(pieces, scores, strict=True):
        piece = model.pieces.add()
        piece.piece, piece.score, piece.type = name, float(score), _NORMAL
    trainer, spelling = model.trainer_spec, model.normalizer_spec
    trainer.model_type = 1
    trainer.bos_id, trainer.pad_id, trainer.eos_id, trainer.unk_id = 0, 1, 2, UNKNOWN
    trainer.byte_fallback = False
    trainer.vocab_size = len(model.pieces)
    spelling.name = "identity"
    spelling.add_dummy_prefix = spelling.remove_extra_whitespaces = True
    spelling.escape_whitespaces = True
    return bytes(model.SerializeToString(deterministic=True))


def choose(weights: Weights, texts: Sequence[str]) -> tuple[list[int], bytes]:
    """Return the places of the pieces that are kept, in order, and the tokenizer of them."""
    first = len(SPECIAL)
    everything = spm.SentencePieceProcessor(
        model_proto=tokenizer(weights.pieces[first:], list(weights.scores[first:]))
    )
    kept: set[int] = set()
    for cut in everything.encode(list(texts)):
        kept.update(cut)
    kept -= set(range(first))
    commonest = 0
    for place, piece in enumerate(weights.pieces[first:], first):
        if commonest == COMMONEST:
            break
        if piece == piece.lower() and _ALPHABETS.match(piece):
            kept.add(place)
            commonest += 1
    places = sorted(kept)
    return places, tokenizer(
        [weights.pieces[place] for place in places], [float(weights.scores[p]) for p in places]
    )
