"""Which verdict counts in the ledger, when there are several."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from dealflow.model.intent import Intent, Verdict
from dealflow.model.revision import VerdictSource, counted

VERDICTS = st.builds(
    Verdict,
    intent=st.sampled_from(list(Intent)),
    confidence=st.floats(0, 1),
    scores=st.just({}),
)


@given(VERDICTS, VERDICTS)
def test_a_second_opinion_adds_a_buyer_and_does_nothing_else(
    first: Verdict, second: Verdict
) -> None:
    counts = counted(first, second, VerdictSource.SECOND_OPINION, 0.7)
    if first.confidence < 0.7 <= second.confidence:
        assert counts is second
    else:
        assert counts is first


@given(VERDICTS, VERDICTS)
def test_the_seller_decides_everything(first: Verdict, second: Verdict) -> None:
    assert counted(first, second, VerdictSource.SELLER, 0.7) is second
