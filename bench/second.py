"""What second opinions cost, against one call for each message.

    python -m bench.second [--low 0.25] [--high 0.75] [--classifier NAME] [FILE…]

Plays recorded shows (those of ``corpus/shows`` when none is named) through the whole pipeline, at
three hundred times their own pace by a clock that runs so fast, and counts what a stand-in for the
model is asked. The stand-in agrees with the local verdict; nothing is sent anywhere.

The other side is one call for each chat message with the very same prompt. Tokens of both sides
are estimated alike: a token for four characters of what is sent, and fifteen for a label that
comes back.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.result import Result, limited
from dealflow.bus.memory import MemoryBus
from dealflow.compose import classifier
from dealflow.intents.base import Answers, Classifier, Question
from dealflow.intents.llm import prompt
from dealflow.model.intent import Utterance, Verdict
from dealflow.model.revision import Spent
from dealflow.pipeline.monitor import ShowMonitor
from dealflow.pipeline.second.loop import SecondReader
from dealflow.settings import LlmSettings, Settings
from dealflow.sources.registry import Platforms
from dealflow.sources.replay import ReplayReader
from dealflow.store.sqlite import SqliteStore
from dealflow.telemetry.metrics import Metrics

SHOWS = Path(__file__).parent.parent / "corpus" / "shows"
SPEED = 300.0
SETTLE_SECONDS = 600.0
"""After a show, doubts that waited for somebody's quota are asked about: ten of its minutes."""

CALLS_GATE, CALLS_TARGET = 50.0, 15.0
COST_GATE, COST_TARGET = 1 / 20, 1 / 60
LABEL_TOKENS = 15


class FastClock:
    """Runs ``SPEED`` times as fast as time does, wall and all."""

    def __init__(self) -> None:
        self._began = time.monotonic()
        self._wall = time.time()

    def now_ms(self) -> int:
        return int((self._wall + self.monotonic()) * 1000)

    def monotonic(self) -> float:
        return (time.monotonic() - self._began) * SPEED

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(max(0.0, seconds) / SPEED)


class Agreeing:
    """Implements `SecondOpinion`; counts what it is asked and says what is known already."""

    name = "stand-in"
    prompt = prompt.PROMPT

    def __init__(self) -> None:
        self.calls = self.lines = self.tokens = 0

    def estimate(self, batch: Sequence[Question]) -> Spent:
        return Spent(calls=1, tokens_in=tokens(batch))

    async def judge(self, batch: Sequence[Question]) -> Answers:
        self.calls += 1
        self.lines += len(batch)
        self.tokens += tokens(batch)
        return Answers(
            verdicts={one.id: one.verdict for one in batch},
            spent=Spent(calls=1, tokens_in=tokens(batch)),
        )

    async def aclose(self) -> None:
        pass


class Listening:
    """A classifier that counts what one call for each message would take."""

    def __init__(self, inner: Classifier) -> None:
        self.name = inner.name
        self._inner = inner
        self.messages = self.tokens = 0

    def judge(self, batch: Sequence[Utterance]) -> list[Verdict]:
        return self._counted(batch, self._inner.judge(batch))

    async def judge_live(self, batch: Sequence[Utterance]) -> list[Verdict]:
        return self._counted(batch, await self._inner.judge_live(batch))

    def _counted(self, batch: Sequence[Utterance], verdicts: list[Verdict]) -> list[Verdict]:
        for utterance, verdict in zip(batch, verdicts, strict=True):
            self.messages += 1
            self.tokens += tokens([Question(id="0" * 8, utterance=utterance, verdict=verdict)])
        return verdicts


@dataclass(frozen=True)
class Cost:
    """What one show took, on both sides."""

    name: str
    messages: int
    doubts: int
    calls: int
    lines: int
    tokens: int
    per_message_tokens: int

    @property
    def calls_per_1000(self) -> float:
        return 1000 * self.calls / self.messages

    @property
    def ratio(self) -> float:
        return self.tokens / self.per_message_tokens

    def line(self) -> str:
        return (
            f"{self.name[:34]:34} {self.messages:8} {self.doubts:7} {self.lines:6} {self.calls:6}"
            f" {self.calls_per_1000:11.1f} {1000 * self.tokens / self.messages:11.0f}"
            f" {1000 * self.per_message_tokens / self.messages:12.0f} {_part(self.ratio):>8}"
        )


HEAD = f"{'show':34} messages  doubts  asked  calls calls/1,000 tokens/1,000 each/1,000      ratio"


def tokens(batch: Sequence[Question]) -> int:
    """Return the tokens of one call, sent and received."""
    characters = sum(len(one["content"]) for one in prompt.messages(batch))
    return characters // 4 + LABEL_TOKENS * len(batch)


async def measure(show: Path, judge: Classifier, **llm: Any) -> Cost:
    """Play one show to its end and until nothing waits."""
    clock, metrics, model = FastClock(), Metrics(), Agreeing()
    settings = LlmSettings(base_url="http://stand-in", model=model.name, **llm)
    store = await SqliteStore.open(None, clock=clock, metrics=metrics)
    listening = Listening(judge)
    reader = SecondReader(
        settings,
        threshold=Settings().capture.threshold,
        opinion=model,
        store=store,
        clock=clock,
        metrics=metrics,
    )
    try:
        async with (
            ShowMonitor(
                settings=Settings(),
                platforms=Platforms([]),
                store=store,
                bus=MemoryBus(),
                classifier=listening,
                clock=clock,
                metrics=metrics,
                doubter=reader,
            ) as monitor,
            reader.reading(monitor.reconsider),
        ):
            with show.open("rb") as lines:
                replay = ReplayReader(lines, clock=clock, speed=1.0, on_bad="skip")
                info = await replay.info()
                await monitor.replay(replay, session_id="s", url=show.name, rules=info.rules)
            over = clock.monotonic() + SETTLE_SECONDS
            while await store.doubts(limit=1) and clock.monotonic() < over:
                await clock.sleep(5.0)
            left = len(await store.doubts(limit=10_000))
    finally:
        await store.aclose()
    answered = int(metrics.second_opinions.labels("remembered")._value.get()) + model.lines
    return Cost(
        name=show.stem,
        messages=listening.messages,
        doubts=answered + left,
        calls=model.calls,
        lines=model.lines,
        tokens=model.tokens,
        per_message_tokens=listening.tokens,
    )


def together(costs: Sequence[Cost]) -> Cost:
    """Return the sum of all shows."""
    return Cost(
        name=f"all {len(costs)} shows",
        messages=sum(one.messages for one in costs),
        doubts=sum(one.doubts for one in costs),
        calls=sum(one.calls for one in costs),
        lines=sum(one.lines for one in costs),
        tokens=sum(one.tokens for one in costs),
        per_message_tokens=sum(one.per_message_tokens for one in costs),
    )


def results(costs: Sequence[Cost]) -> list[Result]:
    """Return both figures of all shows, and the worst show's calls in the note."""
    cost = together(costs)
    worst = max(costs, key=lambda one: one.calls_per_1000)
    median = statistics.median(one.calls_per_1000 for one in costs)
    note = (
        f"{len(costs)} shows, {cost.messages} messages; calls per 1,000 by show: median "
        f"{median:.1f}, most {worst.calls_per_1000:.1f} ({worst.name})"
    )
    return [
        limited(
            "second",
            "calls for second opinions per 1,000 messages",
            ours=cost.calls_per_1000,
            unit="calls",
            gate=CALLS_GATE,
            target=CALLS_TARGET,
            note=note,
        ),
        Result(
            id="second",
            title="tokens of second opinions / one call for each message",
            ours=1000 * cost.tokens / cost.messages,
            theirs=1000 * cost.per_message_tokens / cost.messages,
            unit="tokens",
            ratio=cost.ratio,
            gate=COST_GATE,
            target=COST_TARGET,
            higher_is_better=False,
            passed=cost.ratio <= COST_GATE,
            note="per 1,000 messages; a token for four characters sent, fifteen for a label",
        ),
    ]


def run(quick: bool = False) -> list[Result]:
    """Measure the corpus; ``quick`` takes three shows."""
    shows = sorted(SHOWS.glob("*.jsonl"))
    return results(asyncio.run(_all(shows[:3] if quick else shows)))


async def _all(
    shows: Iterable[Path], *, name: str | None = None, tell: bool = False, **llm: Any
) -> list[Cost]:
    costs: list[Cost] = []
    judge = classifier(Settings(), name)
    for show in shows:
        costs.append(await measure(show, judge, **llm))
        if tell:
            print(costs[-1].line(), flush=True)
    return costs


def _part(ratio: float) -> str:
    return f"1/{1 / ratio:.0f}" if ratio else "nothing"


def main() -> int:
    """Run from the command line."""
    parser = argparse.ArgumentParser(prog="python -m bench.second", description=__doc__)
    parser.add_argument("shows", nargs="*", type=Path, metavar="FILE")
    parser.add_argument("--low", type=float, default=LlmSettings().low)
    parser.add_argument("--high", type=float, default=LlmSettings().high)
    parser.add_argument("--classifier", help="its name; the usual one if none is given")
    options = parser.parse_args()
    shows = options.shows or sorted(SHOWS.glob("*.jsonl"))
    print(HEAD)
    costs = asyncio.run(
        _all(shows, name=options.classifier, tell=True, low=options.low, high=options.high)
    )
    print(together(costs).line())
    found = results(costs)
    for result in found:
        print(f"{result.title}: {result.verdict}")
    return 0 if all(result.passed for result in found) else 1


if __name__ == "__main__":
    raise SystemExit(main())
