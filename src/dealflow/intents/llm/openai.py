"""A second opinion from any endpoint that speaks OpenAI's chat completions.

Gemini's endpoint, a gateway, Ollama and vLLM all do. The client's own habits are not relied upon:
its timeout is ten minutes and a body that trickles outlives it, and its retries know no deadline.
So one deadline cancels everything, and at most one retry is ours.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from typing import Any, Final
from urllib.parse import urlsplit

import httpx2
import openai

from dealflow.clock import Clock
from dealflow.intents.base import Answers, Question, Trouble
from dealflow.intents.llm import prompt
from dealflow.intents.llm.answer import read
from dealflow.intents.llm.transport import AnswerTooLarge, BoundedTransport, Way
from dealflow.model.revision import Spent
from dealflow.settings import LlmSettings

PAUSE_SECONDS: Final = 0.5
"""The wait before the one retry, where the other side names none."""

NO_KEY: Final = "none"
"""What is sent where no key is set: local endpoints ask for none, but the client does."""

OPENAI: Final = "api.openai.com"

_AGAIN: Final = frozenset({Trouble.UNREACHABLE, Trouble.BUSY, Trouble.FAULTY})
"""What may have passed a moment later. What was answered badly is never sent again."""

_NEVER_SENT: Final = (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.ProxyError)

FindWay = Callable[[], Awaitable[Way | None]]
"""Returns the way out, opening it at the first call; ``None``: straight to the endpoint."""


async def straight() -> Way | None:
    """Connect without a proxy: for measurements and tests on loopback."""
    return None


class _Attempt(Exception):
    """One attempt went wrong; ``after`` is how long the other side asked us to wait."""

    def __init__(
        self, trouble: Trouble, *, after: float | None = None, was_sent: bool = True
    ) -> None:
        super().__init__(trouble)
        self.trouble = trouble
        self.after = after
        self.was_sent = was_sent


class OpenAIOpinion:
    """Implements `SecondOpinion`.

    Args:
        settings: with endpoint, model, key and deadline.
        clock: tells when the deadline has passed.
        way: finds the way out.
    """

    prompt = prompt.PROMPT

    def __init__(self, settings: LlmSettings, *, clock: Clock, way: FindWay = straight) -> None:
        self.name = settings.model
        self._settings = settings
        self._clock = clock
        self._way = way
        self._client: openai.AsyncOpenAI | None = None
        for noisy in ("openai", "httpx2", "httpcore2"):
            logging.getLogger(noisy).setLevel(logging.WARNING)

    async def open(self) -> None:
        """Get ready, so that the first call holds nobody up; nothing is sent.

        The client loads and builds most of itself at its first call, which takes a tenth of a
        second in which no show would be read: so that call is made here, to nobody.
        """
        await self._open()
        nobody = httpx2.MockTransport(lambda _: httpx2.Response(200, json={}))
        async with httpx2.AsyncClient(transport=nobody, trust_env=False) as client:
            await openai.AsyncOpenAI(
                api_key=NO_KEY, base_url=self._settings.base_url, http_client=client
            ).post("/chat/completions", cast_to=httpx2.Response, body=self._body([]))

    def estimate(self, batch: Sequence[Question]) -> Spent:
        """Return the most that asking about these questions should use, with the retry."""
        return Spent(
            calls=2, tokens_in=2 * _sent(batch), tokens_out=self._settings.max_answer_tokens
        )

    async def judge(self, batch: Sequence[Question]) -> Answers:
        """Ask about one person's messages in one call."""
        if not batch:
            return Answers()
        calls: list[Answers] = []
        answers = await self._within(self._settings.deadline_seconds, self._try(batch, calls))
        used = Spent(
            calls=len(calls),
            tokens_in=sum(one.spent.tokens_in for one in calls),
            tokens_out=sum(one.spent.tokens_out for one in calls),
        )
        if answers is None:
            return Answers(trouble=Trouble.LATE, spent=used)
        return Answers(
            verdicts=answers.verdicts,
            troubles=answers.troubles,
            trouble=answers.trouble,
            after=answers.after,
            spent=used,
        )

    async def aclose(self) -> None:
        """Close connections."""
        if self._client is not None:
            await self._client.close()

    async def _within(self, seconds: float, work: Coroutine[Any, Any, Answers]) -> Answers | None:
        """Return what the work returns, or cancel it and return ``None`` once the time is up."""
        async with asyncio.TaskGroup() as group:
            working = group.create_task(work)
            waiting = group.create_task(self._clock.sleep(seconds))
            await asyncio.wait({working, waiting}, return_when=asyncio.FIRST_COMPLETED)
            waiting.cancel()
            if not working.done():
                working.cancel()
        return None if working.cancelled() else working.result()

    async def _try(self, batch: Sequence[Question], calls: list[Answers]) -> Answers:
        """Make the attempt and, where that may help, one more; note what each cost in ``calls``."""
        pause = await self._attempt(batch, calls)
        if pause is not None:
            await self._clock.sleep(pause)
            await self._attempt(batch, calls)
        return calls[-1]

    async def _attempt(self, batch: Sequence[Question], calls: list[Answers]) -> float | None:
        """Make one attempt; return after how long another one may help, or ``None``."""
        sent = _sent(batch)
        calls.append(Answers(spent=Spent(tokens_in=sent)))  # counted if this is cancelled, too
        try:
            body = await self._ask(batch)
        except _Attempt as error:
            used = Spent(tokens_in=sent if error.was_sent else 0)
            calls[-1] = Answers(trouble=error.trouble, after=error.after, spent=used)
            pause = error.after or PAUSE_SECONDS
            is_worth_it = error.trouble in _AGAIN and pause < self._settings.deadline_seconds / 2
            return pause if is_worth_it else None
        answers = read(body, batch, model=self.name)
        # An endpoint that does not say what it used is counted by its words.
        tokens_out = answers.spent.tokens_out or min(
            len(body) // 3, self._settings.max_answer_tokens
        )
        calls[-1] = Answers(
            verdicts=answers.verdicts,
            troubles=answers.troubles,
            trouble=answers.trouble,
            spent=Spent(tokens_in=answers.spent.tokens_in or sent, tokens_out=tokens_out),
        )
        return None

    async def _ask(self, batch: Sequence[Question]) -> bytes:
        """Send the questions; return the body of an answer with status 200.

        Raises:
            _Attempt: there was none.
        """
        try:
            client = await self._open()
            response = await client.post(
                "/chat/completions", cast_to=httpx2.Response, body=self._body(batch)
            )
        except openai.APIStatusError as error:
            after = _asked_pause(error)
            raise _Attempt(_of_status(error.status_code), after=after) from error
        except openai.APIConnectionError as error:
            was_sent = not isinstance(error.__cause__, _NEVER_SENT)
            raise _Attempt(_of_connection(error), was_sent=was_sent) from error
        except OSError as error:
            raise _Attempt(Trouble.UNREACHABLE, was_sent=False) from error
        except (openai.OpenAIError, httpx2.HTTPError, httpx2.StreamError, ValueError) as error:
            raise _Attempt(Trouble.UNREADABLE) from error
        return response.content

    def _body(self, batch: Sequence[Question]) -> dict[str, Any]:
        return {
            "model": self._settings.model,
            "messages": prompt.messages(batch),
            "response_format": prompt.RESPONSE_FORMATS[self._settings.answer_form],
            **self._dialect(),
        }

    def _dialect(self) -> dict[str, Any]:
        """Return the fields that OpenAI's newest models want otherwise than everybody else."""
        limit = self._settings.max_answer_tokens
        fields: dict[str, Any]
        if urlsplit(self._settings.base_url).hostname == OPENAI:
            fields = {"max_completion_tokens": limit}
        else:
            fields = {"max_tokens": limit, "temperature": 0}
        if self._settings.reasoning_effort:
            fields["reasoning_effort"] = self._settings.reasoning_effort
        return fields

    async def _open(self) -> openai.AsyncOpenAI:
        if self._client is None:
            way = await self._way()
            self._client = openai.AsyncOpenAI(
                api_key=self._settings.api_key or NO_KEY,
                base_url=self._settings.base_url,
                max_retries=0,
                timeout=self._settings.deadline_seconds,
                http_client=httpx2.AsyncClient(
                    transport=BoundedTransport(way), trust_env=False, follow_redirects=False
                ),
            )
        return self._client


def _sent(batch: Sequence[Question]) -> int:
    """Return about how many tokens one attempt sends."""
    return sum(prompt.estimated_tokens(one["content"]) for one in prompt.messages(batch))


def _of_status(status: int) -> Trouble:
    if status in (429, 503, 529):
        return Trouble.BUSY
    return Trouble.FAULTY if status >= 500 or status in (408, 409) else Trouble.DENIED


def _of_connection(error: openai.APIConnectionError) -> Trouble:
    if isinstance(error.__cause__, AnswerTooLarge):
        return Trouble.OVERSIZE
    return Trouble.LATE if isinstance(error, openai.APITimeoutError) else Trouble.UNREACHABLE


def _asked_pause(error: openai.APIStatusError) -> float | None:
    """Return the seconds that Retry-After names, where it names any."""
    text = error.response.headers.get("retry-after", "")
    return float(text) if text.isascii() and text.isdigit() and len(text) < 6 else None
