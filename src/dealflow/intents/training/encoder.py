"""Trains the encoder: the first layers of multilingual-e5-small, tuned to the corpus, with PyTorch.

PyTorch is needed here and nowhere else; ``scripts/train`` installs it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from random import Random

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from torch.nn import functional

from dealflow.intents.blend import BUYERS
from dealflow.intents.encoder.inputs import MAX_TEXT, OTHER, PAD, UNKNOWN
from dealflow.intents.encoder.spans import Tag
from dealflow.intents.linear.table import INTENTS, Scores
from dealflow.intents.training.pieces import SPECIAL
from dealflow.intents.training.weights import HEADS, INNER, WIDTH, Weights

LAYERS = 8
"""Layers that are kept of twelve: two thirds of the time and of the size."""

LONGEST = 160
"""Numbers of a sequence; see `encoder.inputs` for its parts."""

EPOCHS = 3
RATE = 1.5e-4
"""The highest rate; it rises to it at first, and falls from it to nearly nothing."""

SIDES = 1.0
TAGS_COUNT = 0.4
"""What telling buyers from others, and the words of a slot, weigh beside telling the intent."""

BATCH = 32
WARM = 0.06
DECAY = 0.01
SMOOTHING = 0.02
"""Part of a label's weight that is spread over the other intents."""

LEFT_OUT = 0.06
"""Part of the pieces and marks that are hidden at each step, so that no one word is ever enough."""

SEED = 7
_IGNORED = -100
_EPS = 1e-12
_FAR = -1e9
"""What the attention to a place is where there is nothing to read."""

Progress = Callable[[str, int, int], None]


class Layer(nn.Module):  # type: ignore[misc]
    """One layer: attention, then a small network, each added to what came in."""

    def __init__(self) -> None:
        super().__init__()
        self.qkv = nn.Linear(WIDTH, 3 * WIDTH)
        self.out = nn.Linear(WIDTH, WIDTH)
        self.out_norm = nn.LayerNorm(WIDTH, _EPS)
        self.wide = nn.Linear(WIDTH, INNER)
        self.narrow = nn.Linear(INNER, WIDTH)
        self.narrow_norm = nn.LayerNorm(WIDTH, _EPS)

    def forward(self, x: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        """Return ``x`` after this layer; ``mask`` is true where there is something to read."""
        rows, length, _ = x.shape
        parts = self.qkv(x).view(rows, length, 3, HEADS, WIDTH // HEADS).permute(2, 0, 3, 1, 4)
        query, key, value = parts.reshape(3, rows * HEADS, length, WIDTH // HEADS)
        # Written out: with PyTorch's own attention a step on short rows takes a quarter longer.
        near = torch.bmm(query, key.transpose(1, 2)).float() * (WIDTH // HEADS) ** -0.5
        near = near.view(rows, HEADS, length, length).masked_fill(~mask, _FAR)
        share = near.softmax(-1).to(value.dtype).view(rows * HEADS, length, length)
        seen = torch.bmm(share, value).view(rows, HEADS, length, WIDTH // HEADS)
        x = self.out_norm(x + self.out(seen.transpose(1, 2).reshape(rows, length, WIDTH)))
        return self.narrow_norm(x + self.narrow(functional.gelu(self.wide(x))))


class Network(nn.Module):  # type: ignore[misc]
    """The encoder with a score for each intent on top, and one for each tag of each piece."""

    def __init__(self, words: int, layers: int = LAYERS) -> None:
        super().__init__()
        self.words = nn.Embedding(words, WIDTH)
        self.places = nn.Embedding(LONGEST, WIDTH)
        self.norm = nn.LayerNorm(WIDTH, _EPS)
        self.layers = nn.ModuleList([Layer() for _ in range(layers)])
        self.head = nn.Linear(WIDTH, len(INTENTS))
        self.tags = nn.Linear(WIDTH, len(Tag))
        self.drop = nn.Dropout(0.1)

    def forward(self, ids: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Return ``float32[rows, intents]`` and ``float32[rows, length, tags]``."""
        seen = ids != PAD
        x = self.norm(self.words(ids) + self.places(torch.arange(ids.shape[1])))
        mask = seen[:, None, None, :]
        for layer in self.layers:
            x = layer(x, mask)
        share = seen[:, :, None].to(x.dtype)
        mean = (x * share).sum(1) / share.sum(1)
        return self.head(self.drop(mean)), self.tags(self.drop(x))


def start(weights: Weights, places: Sequence[int], marks: int) -> Network:
    """Return a network with the starting weights; marks start near nothing."""
    torch.manual_seed(SEED)
    kept = [*range(len(SPECIAL)), *places]
    network = Network(len(kept) + marks)
    state = network.state_dict()
    words = weights.tensor("emb.word", 250_037, WIDTH)

    def put(name: str, values: NDArray[np.float32]) -> None:
        state[name].copy_(torch.from_numpy(np.ascontiguousarray(values)))

    state["words.weight"][: len(kept)] = torch.from_numpy(words[kept])
    state["words.weight"][len(kept) :].normal_(0, 0.05)
    kind = weights.tensor("emb.type", 2, WIDTH)[0]
    put("places.weight", weights.tensor("emb.pos", 512, WIDTH)[:LONGEST] + kind)
    put("norm.weight", weights.tensor("emb.ln.w", WIDTH))
    put("norm.bias", weights.tensor("emb.ln.b", WIDTH))
    for at in range(LAYERS):
        mine, theirs = f"layers.{at}", f"l{at}"
        for part, shape in (("w", (WIDTH, WIDTH)), ("b", (WIDTH,))):
            name = "weight" if part == "w" else "bias"
            qkv = [weights.tensor(f"{theirs}.{one}.{part}", *shape) for one in "qkv"]
            put(f"{mine}.qkv.{name}", np.concatenate(qkv))
        for here, there, outs, ins in (
            ("out", "ao", WIDTH, WIDTH),
            ("wide", "fi", INNER, WIDTH),
            ("narrow", "fo", WIDTH, INNER),
        ):
            put(f"{mine}.{here}.weight", weights.tensor(f"{theirs}.{there}.w", outs, ins))
            put(f"{mine}.{here}.bias", weights.tensor(f"{theirs}.{there}.b", outs))
        for here, there in (("out_norm", "aln"), ("narrow_norm", "oln")):
            put(f"{mine}.{here}.weight", weights.tensor(f"{theirs}.{there}.w", WIDTH))
            put(f"{mine}.{here}.bias", weights.tensor(f"{theirs}.{there}.b", WIDTH))
    network.load_state_dict(state)
    return network


def train(
    network: Network,
    rows: Sequence[Sequence[int]],
    wanted: NDArray[np.intp],
    tags: Sequence[Sequence[int] | None],
    chosen: Sequence[int],
    hidden: int,
    progress: Progress | None = None,
    *,
    settled: frozenset[int] = frozenset(),
) -> None:
    """Tune the network to the chosen rows.

    Args:
        network: what `start` returned.
        rows: what it reads of each message.
        wanted: the column of each message's intent.
        tags: the `Tag` of each piece of each message's text, where its slots are known.
        chosen: the places of the rows to tune to.
        hidden: the number of the mark `OTHER`.
        progress: is told every ten steps how far it is.
        settled: chosen rows that are shown in one epoch only, a part of them in each.
    """
    random = Random(SEED)
    torch.manual_seed(SEED)
    optimizer = torch.optim.AdamW(_groups(network), lr=RATE, fused=True)
    batches = list(_rounds(rows, chosen, settled, random))
    steps = len(batches)
    network.train()
    for step, batch in enumerate(batches):
        rate = RATE * min(1.0, step / (WARM * steps)) * max(0.02, 1 - step / steps)
        for group in optimizer.param_groups:
            group["lr"] = rate
        ids = _hide(padded([rows[one] for one in batch]), hidden)
        with torch.autocast("cpu", torch.bfloat16):
            scores, parts = (each.float() for each in network(ids))
        columns = wanted[batch]
        loss = functional.cross_entropy(
            scores, torch.from_numpy(columns), label_smoothing=SMOOTHING
        )
        loss = loss + SIDES * _side_loss(scores, torch.from_numpy(BUYERS[columns]))
        known = _tagged([tags[one] for one in batch], ids.shape[1])
        if known is not None:
            loss = loss + TAGS_COUNT * functional.cross_entropy(
                parts.flatten(0, 1), known.flatten(), ignore_index=_IGNORED
            )
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimizer.step()
        if progress is not None and ((step + 1) % 10 == 0 or step + 1 == steps):
            progress("encoder", step + 1, steps)


def _side_loss(scores: torch.Tensor, buyers: torch.Tensor) -> torch.Tensor:
    """Return the loss of telling who is a buyer, whatever the intent."""
    side = torch.from_numpy(BUYERS)
    odds = scores[:, side].logsumexp(1) - scores[:, ~side].logsumexp(1)
    return functional.binary_cross_entropy_with_logits(odds, buyers.to(odds.dtype))


def _rounds(
    rows: Sequence[Sequence[int]],
    chosen: Sequence[int],
    settled: frozenset[int],
    random: Random,
) -> Iterator[list[int]]:
    for epoch in range(EPOCHS):
        shown = [at for at in chosen if at not in settled or at % EPOCHS == epoch]
        yield from _batches(rows, shown, random)


def _tagged(tags: Sequence[Sequence[int] | None], length: int) -> torch.Tensor | None:
    """Return the tags of a batch at the places of their pieces; the text begins at the second."""
    if all(one is None for one in tags):
        return None
    known = torch.full((len(tags), length), _IGNORED, dtype=torch.long)
    for at, one in enumerate(tags):
        if one is not None:
            read = one[:MAX_TEXT]
            known[at, 1 : 1 + len(read)] = torch.tensor(read, dtype=torch.long)
    return known


def predict(network: Network, rows: Sequence[Sequence[int]]) -> Scores:
    """Return ``float32[rows, intents]``."""
    network.eval()
    scores = np.empty((len(rows), len(INTENTS)), np.float32)
    order = sorted(range(len(rows)), key=lambda at: len(rows[at]))
    with torch.no_grad():
        for start_at in range(0, len(order), 64):
            group = order[start_at : start_at + 64]
            scores[group] = network(padded([rows[one] for one in group]))[0].numpy()
    return scores


def padded(rows: Sequence[Sequence[int]]) -> torch.Tensor:
    """Return the rows as one array, the short ones filled up."""
    ids = torch.full((len(rows), max(map(len, rows))), PAD, dtype=torch.long)
    for at, row in enumerate(rows):
        ids[at, : len(row)] = torch.tensor(row)
    return ids


def _hide(ids: torch.Tensor, hidden: int) -> torch.Tensor:
    """Hide some pieces and marks, never the borders."""
    chosen = (torch.rand(ids.shape) < LEFT_OUT) & (ids >= len(SPECIAL))
    replaced = torch.where(ids >= hidden, torch.tensor(hidden), torch.tensor(UNKNOWN))
    return torch.where(chosen, replaced, ids)


def _groups(network: Network) -> list[dict[str, object]]:
    parameters = list(network.parameters())
    return [
        {"params": [one for one in parameters if one.dim() > 1], "weight_decay": DECAY},
        {"params": [one for one in parameters if one.dim() <= 1], "weight_decay": 0.0},
    ]


def _batches(
    rows: Sequence[Sequence[int]], chosen: Sequence[int], random: Random
) -> list[list[int]]:
    """Return the rows in batches of like length, so that little is padding."""
    order = list(chosen)
    random.shuffle(order)
    batches: list[list[int]] = []
    for start_at in range(0, len(order), BATCH * 16):
        stretch = sorted(order[start_at : start_at + BATCH * 16], key=lambda at: len(rows[at]))
        batches += [stretch[at : at + BATCH] for at in range(0, len(stretch), BATCH)]
    random.shuffle(batches)
    return batches


def number_marks(names: set[str], first: int) -> dict[str, int]:
    """Return a number for each mark, `OTHER` first, counting from ``first``."""
    return {name: first + at for at, name in enumerate([OTHER, *sorted(names - {OTHER})])}
