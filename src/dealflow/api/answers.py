"""Turns what the rooms beneath return into the shapes of answers."""

from __future__ import annotations

import msgspec
from starlette.responses import Response

from dealflow.api import schemas
from dealflow.api.live.snapshot import info_of
from dealflow.clock import iso
from dealflow.model.claim import Capture
from dealflow.model.facts import FILTER_REASONS, Gap
from dealflow.model.intent import message_type
from dealflow.model.revision import Revision
from dealflow.model.rule_line import describe, parse_rules
from dealflow.model.rulebook import Rulebook
from dealflow.model.show import ShowRules
from dealflow.model.showing import buyer_view, message_view, shown
from dealflow.pipeline.base import FilterState, Outcome, RunState
from dealflow.store.base import Show, StoredMessage


def answer(body: msgspec.Struct, status: int = 200) -> Response:
    """Return a body as a JSON response."""
    return Response(msgspec.json.encode(body), status_code=status, media_type="application/json")


def stream_of(show: Show, *, active: bool) -> schemas.StreamItem:
    """Return a show as it stands in the list."""
    return schemas.StreamItem(
        session_id=show.session_id,
        stream_id=show.id,
        stream=info_of(show),
        active=active,
        status=show.status,
        mode=show.mode,
        started_at=iso(show.started_at),
        ended_at=None if show.ended_at is None else iso(show.ended_at),
        seq=show.last_seq,
        epoch=show.epoch,
        total_messages=show.counters.stored,
        total_buyers=show.counters.buyers,
        total_leads=show.counters.leads,
        total_sales_caught=show.total_sales_caught,
        total_revenue_recovered=show.total_revenue_recovered,
    )


def rules_of(show: Show, usual: str) -> schemas.RulesItem:
    """Return the rules that hold in a show, with what its shop announced.

    ``usual`` is the line of rules for shows that have none of their own.
    """
    own = parse_rules(usual) if show.rules is None and usual else show.rules
    rules = Rulebook(own, show.learned).rules or ShowRules()
    return schemas.RulesItem(
        **msgspec.structs.asdict(rules), line=describe(rules), learned=list(show.learned)
    )


def filters_of(show: Show, state: FilterState) -> schemas.FilterAnswer:
    """Return a show's filters, with what they kept out."""
    return schemas.FilterAnswer(
        session_id=show.session_id,
        filters=state.filters,
        dropped={reason: show.counters.dropped.get(reason, 0) for reason in sorted(FILTER_REASONS)},
        held=list(state.held),
    )


def gap_of(gap: Gap) -> schemas.GapItem:
    """Return a gap with its times in words."""
    return schemas.GapItem(start=iso(gap.start), end=iso(gap.end), reason=gap.reason)


def message_of(stored: StoredMessage, threshold: float) -> schemas.MessageItem:
    """Return a stored message as live frames show it, with its position."""
    view = message_view(
        stored.message,
        intent=stored.intent,
        confidence=stored.confidence,
        slots=stored.slots,
        threshold=threshold,
    )
    return schemas.MessageItem(
        seq=stored.seq,
        source=stored.source,
        version=stored.version,
        **msgspec.structs.asdict(view),
    )


def run_of(session_id: str, state: RunState) -> schemas.RunItem:
    """Return a reanalysis, with its report when there is one."""
    run, report = state.run, state.report
    return schemas.RunItem(
        session_id=session_id,
        run_id=run.id,
        model=run.model,
        threshold=run.threshold,
        status=state.status,
        started_at=iso(run.started_at),
        finished_at=None if run.finished_at is None else iso(run.finished_at),
        done=state.done,
        total=state.total,
        error=state.error,
        report=None
        if report is None
        else schemas.RunReport(
            messages=report.messages,
            changed=report.changed,
            turned=report.turned,
            gained=[buyer_view(capture) for capture in report.gained],
            lost=[buyer_view(capture) for capture in report.lost],
            same=len(report.same),
        ),
    )


def capture_of(capture: Capture) -> schemas.CaptureItem:
    """Return a capture, with the time from which it does not count."""
    at = capture.withdrawn_at
    return schemas.CaptureItem(
        withdrawn_at=None if at is None else iso(at),
        **msgspec.structs.asdict(buyer_view(capture)),
    )


def verdict_of(revision: Revision, version: int, threshold: float) -> schemas.VerdictItem:
    """Return one verdict of a message."""
    verdict = revision.verdict
    return schemas.VerdictItem(
        version=version,
        source=revision.source,
        timestamp=iso(revision.at),
        intent=verdict.intent,
        confidence=shown(verdict.confidence),
        is_buyer=verdict.confidence >= threshold,
        slots=verdict.slots,
        reason=verdict.reason,
        model=verdict.model,
        run=revision.run,
        withdrawn=revision.withdrawn,
    )


def outcome_of(outcome: Outcome) -> schemas.PushOutcome:
    """Return what became of a pushed message."""
    verdict = outcome.verdict
    return schemas.PushOutcome(
        status=outcome.status,
        message_id=outcome.message_id,
        is_buyer=outcome.is_buyer,
        confidence=None if verdict is None else shown(verdict.confidence),
        intent=None if verdict is None else verdict.intent,
        message_type=None if verdict is None else message_type(verdict.intent),
        captured=outcome.captured,
    )


def analysed_of(outcome: Outcome) -> schemas.Analysed:
    """Return a verdict in the words of the original's edge function."""
    verdict = outcome.verdict
    if verdict is None:
        return schemas.Analysed(success=True, analyzed=False, analysis=None, reason=outcome.status)
    analysis = schemas.Analysis(
        is_buyer=outcome.is_buyer,
        confidence=shown(verdict.confidence),
        message_type=message_type(verdict.intent),
        auto_captured=outcome.captured,
    )
    return schemas.Analysed(success=True, analyzed=True, analysis=analysis)
