"""A seller's word becomes a verdict."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dealflow.errors import InputInvalid
from dealflow.model.correction import Corrected, Correction, labelled, seller_verdict
from dealflow.model.intent import Context, Intent, Slots, Utterance, Verdict
from dealflow.model.revision import Revision, VerdictSource, counted, standing_version
from dealflow.model.show import Lot, SaleMode

NOT_BUYER, MISSED = Correction.NOT_BUYER, Correction.MISSED_BUYER
SLOTS = Slots(item="A12", quantity=2)


def verdict(intent: Intent, confidence: float = 0.5) -> Verdict:
    return Verdict(
        intent=intent, confidence=confidence, scores={}, slots=SLOTS, claims=(SLOTS, SLOTS)
    )


@given(st.sampled_from(Intent), st.sampled_from(Correction), st.sampled_from([*SaleMode, None]))
def test_the_intent_fits_the_word_always(
    before: Intent, word: Correction, mode: SaleMode | None
) -> None:
    said = seller_verdict(verdict(before), word, None, mode)
    assert said.intent.is_buyer is word.is_buyer
    assert said.confidence == (1.0 if word.is_buyer else 0.0)
    if before.is_buyer is word.is_buyer:
        assert said.intent is before


def test_a_missed_buyer_is_a_claim_and_in_an_auction_a_bid() -> None:
    for mode, wanted in (
        (SaleMode.CLAIM, Intent.CLAIM),
        (SaleMode.AUCTION, Intent.BID),
        (None, Intent.CLAIM),
    ):
        said = seller_verdict(verdict(Intent.CHATTER), MISSED, None, mode)
        assert said.intent is wanted


def test_a_buyer_keeps_what_they_named_and_no_buyer_names_nothing() -> None:
    buyer = seller_verdict(verdict(Intent.CLAIM), MISSED, Intent.CHECKOUT, None)
    assert (buyer.slots, buyer.claims) == (SLOTS, (SLOTS, SLOTS))
    nobody = seller_verdict(verdict(Intent.CLAIM), NOT_BUYER, None, None)
    assert (nobody.slots, nobody.claims) == (Slots(), ())


@given(st.sampled_from(Intent), st.sampled_from(Correction))
def test_an_intent_that_contradicts_is_refused(intent: Intent, word: Correction) -> None:
    if intent.is_buyer is word.is_buyer:
        assert seller_verdict(verdict(Intent.CHATTER), word, intent, None).intent is intent
        return
    with pytest.raises(InputInvalid):
        seller_verdict(verdict(Intent.CHATTER), word, intent, None)


def test_an_example_is_the_message_as_it_was_judged() -> None:
    context = Context(lot=Lot(code="A12"), history=("hello",), lot_age=4.2)
    corrected = Corrected(
        show_id="1",
        session_id="s",
        message_id="m",
        verdict=seller_verdict(verdict(Intent.CHATTER), MISSED, None, None),
        utterance=Utterance(text="that one is for me", context=context),
        at=0,
    )
    line = labelled(corrected)
    assert corrected.correction is MISSED
    assert (line.id, line.text, line.intent) == ("m", "that one is for me", Intent.CLAIM)
    assert (line.context, line.lang) == (context, "und")


words = st.lists(
    st.tuples(st.sampled_from([VerdictSource.SECOND_OPINION, VerdictSource.SELLER]), st.booleans()),
    max_size=8,
)


@given(words, st.lists(st.just(VerdictSource.REANALYSIS), max_size=3))
def test_a_reanalysis_changes_nothing_that_stands(
    said: list[tuple[VerdictSource, bool]], again: list[VerdictSource]
) -> None:
    def revision(source: VerdictSource, withdrawn: bool = False) -> Revision:
        return Revision(
            message_id="m",
            verdict=verdict(Intent.CLAIM),
            source=source,
            at=0,
            withdrawn=withdrawn,
        )

    first = revision(VerdictSource.LOCAL)
    plain = [first, *(revision(source, withdrawn) for source, withdrawn in said)]
    mixed = [*plain, *(revision(source) for source in again)]
    stands = plain[standing_version(plain) - 1]
    assert mixed[standing_version(mixed) - 1] is stands
    sellers = [one for one in plain if one.source is VerdictSource.SELLER]
    if sellers and not sellers[-1].withdrawn:
        assert stands is sellers[-1]


def test_a_second_opinion_counts_only_where_it_adds() -> None:
    buyer, nobody = verdict(Intent.CLAIM, 0.9), verdict(Intent.CHATTER, 0.1)
    second, seller = VerdictSource.SECOND_OPINION, VerdictSource.SELLER
    assert counted(buyer, nobody, second, 0.7) is buyer
    assert counted(nobody, buyer, second, 0.7) is buyer
    assert counted(buyer, nobody, seller, 0.7) is nobody
    assert counted(nobody, nobody, VerdictSource.LOCAL, 0.7) is nobody
