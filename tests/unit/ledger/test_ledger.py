"""Who claimed what: the rules of the game, told as small shows."""

from __future__ import annotations

import pytest

from dealflow.ledger.ledger import LotLeft, ModeKnown
from dealflow.model.claim import ClaimState
from dealflow.model.intent import Intent, Role
from dealflow.model.show import Lot, SaleMode, ShowRules
from tests.fakes.room import Room

AWARDED, BACKUP, PASSED = ClaimState.AWARDED, ClaimState.BACKUP, ClaimState.PASSED


def test_the_first_to_claim_gets_it_and_the_others_wait_in_order() -> None:
    room = Room()
    room.show("1")
    room.claim("amy")
    room.claim("bea")
    room.claim("cat")
    assert room.awards("1") == [("amy", 1)]
    assert room.backups("1") == ["bea", "cat"]


def test_a_change_is_reported_with_its_evidence_and_place() -> None:
    room = Room()
    room.show("1")
    room.claim("amy")
    (claim,) = room.claim("bea")
    assert (claim.lot, claim.username, claim.state, claim.place) == ("1", "bea", BACKUP, 1)
    assert claim.evidence == ("m2",)


def test_the_same_person_claims_a_lot_once_and_the_evidence_grows() -> None:
    room = Room()
    room.show("5")
    room.claim("megan")
    (claim,) = room.claim("megan", "5")
    assert claim.evidence == ("m1", "m2")
    assert room.awards("5") == [("megan", 1)]


def test_the_same_words_on_the_next_lot_are_a_new_claim() -> None:
    room = Room()
    room.show("1")
    room.claim("amy")
    room.show("2")
    room.claim("amy")
    assert room.awards("1") == room.awards("2") == [("amy", 1)]


def test_stock_limits_the_awards() -> None:
    room = Room()
    room.show("10", stock=4)
    room.claim("pam", quantity=2)
    room.claim("linda")
    room.claim("brenda")
    room.claim("crystal")
    assert room.awards("10") == [("pam", 2), ("linda", 1), ("brenda", 1)]
    assert room.backups("10") == ["crystal"]


def test_who_wants_more_than_is_left_gets_what_is_left() -> None:
    room = Room()
    room.show("10", stock=3)
    room.claim("pam", quantity=2)
    room.claim("linda", quantity=2)
    assert room.awards("10") == [("pam", 2), ("linda", 1)]


def test_a_missing_piece_comes_after_those_who_have_nothing() -> None:
    room = Room()
    room.show("10", stock=3)
    room.claim("pam", quantity=2)
    room.claim("linda", quantity=2)
    room.claim("cat")
    room.take_back("pam")
    assert room.awards("10") == [("linda", 2), ("cat", 1)]


def test_a_larger_explicit_quantity_takes_what_is_free_but_overtakes_nobody() -> None:
    room = Room()
    room.show("10", stock=3)
    room.claim("pam")
    room.claim("pam", quantity=2)
    assert room.awards("10") == [("pam", 2)]
    room.claim("linda")
    room.claim("cat")
    room.claim("pam", quantity=3)
    assert room.awards("10") == [("pam", 2), ("linda", 1)]
    assert room.backups("10") == ["cat"]


@pytest.mark.parametrize(("said", "given"), [(0, 1), (-3, 1), (10**12, 99)])
def test_impossible_quantities_are_bounded(said: int, given: int) -> None:
    room = Room()
    room.show("10", stock=10**6)
    room.claim("pam", quantity=said)
    assert room.awards("10") == [("pam", given)]


def test_a_retraction_releases_the_newest_claim_and_the_first_backup_moves_up() -> None:
    room = Room()
    room.show("22")
    room.claim("ashlee")
    room.show("23")
    room.claim("ashlee")
    room.claim("kayla")
    room.say("nikki", Intent.BACKUP)
    changed = room.take_back("ashlee")
    assert [(one.username, one.state, one.place) for one in changed] == [
        ("ashlee", PASSED, 1),
        ("kayla", AWARDED, 1),
        ("nikki", BACKUP, 1),
    ]
    assert room.awards("22") == [("ashlee", 1)]


def test_a_retraction_may_name_its_lot() -> None:
    room = Room()
    room.show("16", "Patagonia fleece")
    room.claim("heidi")
    room.show("17", "Dansko clogs")
    room.claim("heidi")
    room.take_back("heidi", "16")
    assert room.awards("16") == []
    room.take_back("heidi", "the clogs")
    assert room.awards("17") == []


def test_a_retraction_of_what_was_never_claimed_changes_nothing() -> None:
    room = Room()
    room.show("16")
    room.claim("heidi")
    room.show("17")
    assert room.take_back("tasha") == ()
    assert room.take_back("heidi", "17") == ()
    assert room.awards("16") == [("heidi", 1)]


def test_who_passed_and_comes_back_stands_at_the_end() -> None:
    room = Room()
    room.show("1")
    room.claim("amy")
    room.claim("bea")
    room.take_back("amy")
    room.claim("amy")
    assert room.awards("1") == [("bea", 1)]
    assert room.backups("1") == ["amy"]


def test_a_backup_wish_waits_even_when_nobody_claimed_yet() -> None:
    room = Room()
    room.show("1")
    room.say("bea", Intent.BACKUP)
    assert (room.awards("1"), room.backups("1")) == ([], ["bea"])
    room.claim("amy")
    assert (room.awards("1"), room.backups("1")) == ([("amy", 1)], ["bea"])
    room.take_back("amy")
    assert room.awards("1") == [("bea", 1)]


def test_a_claim_binds_to_the_lot_on_screen_when_it_was_sent() -> None:
    room = Room()
    room.show("7")
    seven = room.lot
    room.show("8")
    room.claim("dawn", on=seven)
    assert room.awards("7") == [("dawn", 1)]
    assert room.awards("8") == []


def test_a_claim_still_binds_after_the_screen_went_empty() -> None:
    room = Room()
    room.show("7")
    room.ledger.apply(LotLeft(5))
    room.claim("dawn")
    assert room.awards("7") == [("dawn", 1)]


@pytest.mark.parametrize(
    "item", ["3", "#3", "lot 3", "No. 03", "coca cola ringer", "coke tee", "３"]
)
def test_a_named_lot_is_claimed_and_not_the_one_on_screen(item: str) -> None:
    room = Room()
    room.show("3", "Vintage Coca-Cola ringer tee L")
    room.show("26", "Disney Mickey spirit jersey M")
    room.claim("crystal", item)
    assert room.awards("3") == [("crystal", 1)]
    assert room.awards("26") == []


@pytest.mark.parametrize("item", ["the black one", "that jersey", "spirit top", "boots", "M"])
def test_another_word_for_what_is_on_screen_claims_it(item: str) -> None:
    room = Room()
    room.show("9", "Align legging black sz 6")
    room.show("26", "Disney Mickey spirit jersey M")
    room.claim("brenda", item)
    assert room.awards("26") == [("brenda", 1)]


def test_a_number_that_is_the_price_names_the_lot_on_screen() -> None:
    room = Room()
    room.show("4", price=20)
    room.claim("amy", "20")
    assert room.awards("4") == [("amy", 1)]


def test_one_message_can_claim_several_lots() -> None:
    room = Room()
    for code in ("26", "38", "74"):
        room.show(code)
    changed = room.claim("amy", "26", "38", "74")
    assert [(one.lot, one.state) for one in changed] == [
        ("26", AWARDED),
        ("38", AWARDED),
        ("74", AWARDED),
    ]


def test_a_code_that_is_not_shown_yet_keeps_its_place_in_line() -> None:
    room = Room()
    room.show("41")
    room.claim("amy", "43")
    room.show("43", "Boots", platform_id="x43")
    room.claim("bea")
    assert room.awards("43") == [("amy", 1)]
    assert room.backups("43") == ["bea"]


def test_rules_may_void_claims_on_what_was_not_shown() -> None:
    room = Room(rules=ShowRules(early=False))
    room.show("41")
    (claim,) = room.claim("amy", "43")
    assert claim.state is ClaimState.VOID
    room.show("43")
    room.claim("bea", "43")
    room.claim("amy", "43")
    assert (room.awards("43"), room.backups("43")) == ([("bea", 1)], ["amy"])


def test_rules_say_which_codes_there_are() -> None:
    room = Room(rules=ShowRules(codes=("A1-A99",)))
    room.show("A1")
    room.claim("amy", "a42")
    room.claim("bea", "900")
    assert room.awards("A42") == [("amy", 1)]
    assert room.awards("A1") == [("bea", 1)]


def test_rules_may_require_the_item() -> None:
    room = Room(rules=ShowRules(require_item=True))
    room.show("4")
    (void,) = room.claim("amy")
    assert void.state is ClaimState.VOID
    room.claim("bea", "4")
    (late,) = room.claim("amy", "4")
    assert late.state is BACKUP
    assert room.awards("4") == [("bea", 1)]


def test_rules_may_forbid_taking_back() -> None:
    room = Room(rules=ShowRules(retract=False))
    room.show("4")
    room.claim("amy")
    assert room.take_back("amy") == ()
    assert room.awards("4") == [("amy", 1)]


def test_rules_may_give_everybody_one_piece_only() -> None:
    room = Room(rules=ShowRules(one_per_buyer=True))
    room.show("4", stock=5)
    room.claim("amy", quantity=3)
    assert room.awards("4") == [("amy", 1)]


@pytest.mark.parametrize("role", [Role.HOST, Role.MOD, Role.BOT])
def test_the_shop_never_claims(role: Role) -> None:
    room = Room()
    room.show("4")
    assert room.claim("shop", role=role) == ()
    assert room.outcome("4").asked == ()


def test_an_unsure_verdict_claims_nothing() -> None:
    room = Room()
    room.show("4")
    assert room.claim("amy", confidence=0.69) == ()
    assert room.claim("bea", confidence=0.7) != ()


def test_the_platforms_word_turns_an_award_into_a_sale() -> None:
    room = Room()
    room.show("4", price=20)
    room.claim("amy")
    room.claim("bea")
    room.sell("4", "amy", 18)
    (amy, bea) = room.ledger.claims()
    assert (amy.state, amy.quantity) == (ClaimState.SOLD, 1)
    assert bea.state is BACKUP
    assert room.outcome("4").awards[0].price == 18
    assert room.take_back("amy") == ()


def test_a_sale_to_somebody_silent_makes_a_claim_without_evidence() -> None:
    room = Room()
    room.show("4")
    room.claim("amy")
    room.claim("bea")
    room.sell("4", "zoe")
    assert [(one.username, one.state, one.evidence) for one in room.ledger.claims()] == [
        ("amy", BACKUP, ("m1",)),
        ("bea", BACKUP, ("m2",)),
        ("zoe", ClaimState.SOLD, ()),
    ]


def test_a_sale_told_twice_is_one_sale_and_two_sales_are_two_pieces() -> None:
    room = Room()
    room.show("4", stock=5)
    room.sell("4", "zoe", 5, at="2026-11-24T10:00:00Z")
    room.sell("4", "zoe", 5, at="2026-11-24T10:00:00Z")
    assert room.awards("4") == [("zoe", 1)]
    room.sell("4", "zoe", 5, at="2026-11-24T10:00:30Z")
    assert room.awards("4") == [("zoe", 2)]


def test_a_sale_without_a_name_takes_a_piece_away() -> None:
    room = Room()
    room.show("4", stock=2)
    room.claim("amy")
    room.claim("bea")
    room.sell("4", None)
    assert (room.awards("4"), room.backups("4")) == ([("amy", 1)], ["bea"])


def test_a_sale_of_an_unknown_lot_is_kept() -> None:
    room = Room()
    room.sell("Mystery box", "zoe", 5)
    assert room.awards("Mystery box") == [("zoe", 1)]


def test_the_buyer_of_a_sale_is_known_again_by_their_user_id() -> None:
    room = Room()
    room.show("4")
    room.sell("4", "zoe")
    (claim,) = room.claim("zoe", user_id="77")
    assert (claim.state, claim.person) == (ClaimState.SOLD, "n:zoe")
    assert len(room.ledger.claims()) == 1


def test_a_platform_that_counts_its_stock_down_is_not_counted_twice() -> None:
    room = Room()
    room.show("4", stock=3, platform_id="p4")
    room.claim("amy")
    room.sell("4", "amy")
    room.show("4", stock=2, platform_id="p4")
    room.claim("bea")
    room.claim("cat")
    room.claim("dee")
    assert room.awards("4") == [("amy", 1), ("bea", 1), ("cat", 1)]


def test_more_stock_serves_the_line() -> None:
    room = Room()
    room.show("4", stock=1)
    room.claim("amy")
    room.claim("bea")
    (bea,) = [claim for claim in room.show("4", stock=2) if claim.username == "bea"]
    assert bea.state is AWARDED


def test_who_claimed_a_lot_that_was_gone_is_served_when_more_come() -> None:
    room = Room()
    room.show("4", stock=0)
    room.claim("amy")
    room.say("bea", Intent.BACKUP)
    assert room.awards("4") == []
    room.show("4", stock=2)
    assert room.awards("4") == [("amy", 1), ("bea", 1)]


def test_stock_that_turns_out_smaller_takes_the_last_award_back() -> None:
    room = Room(mode=SaleMode.FIXED)
    room.show("4")
    room.claim("amy")
    room.claim("bea")
    room.show("4", stock=1)
    assert (room.awards("4"), room.backups("4")) == ([("amy", 1)], ["bea"])


@pytest.mark.parametrize("intent", [Intent.CLAIM, Intent.BACKUP, Intent.BID, Intent.DEMAND])
def test_an_auction_awards_nothing_that_was_said(intent: Intent) -> None:
    room = Room(mode=SaleMode.AUCTION)
    room.show("4")
    room.say("amy", intent)
    room.sell("4", "zoe", 40)
    assert room.awards("4") == [("zoe", 1)]
    assert room.asked("4") == ["amy"]


def test_the_lots_own_mode_goes_before_the_shows() -> None:
    room = Room(mode=SaleMode.CLAIM)
    room.show("4", mode=SaleMode.AUCTION)
    room.claim("amy")
    assert room.awards("4") == []
    room.ledger.apply(ModeKnown(SaleMode.AUCTION))
    room.show("5")
    room.claim("amy")
    assert room.awards("5") == []


def test_a_fixed_price_without_known_stock_has_no_end() -> None:
    room = Room(mode=SaleMode.FIXED)
    room.show("4")
    room.claim("amy")
    room.claim("bea")
    assert room.awards("4") == [("amy", 1), ("bea", 1)]
    room.show("5", stock=1)
    room.claim("amy")
    room.claim("bea")
    assert room.backups("5") == ["bea"]


def test_who_asked_and_got_nothing_is_listed() -> None:
    room = Room()
    room.show("6", "Coach crossbody")
    room.say("jess", Intent.BID, price=38)
    room.say("jo", Intent.DEMAND, "dooney bags")
    room.say("ann", Intent.DEMAND, "coach")
    room.say("kim", Intent.CHECKOUT)
    assert room.asked("6") == ["jess", "ann", "kim"]
    room.claim("jess")
    assert room.asked("6") == ["ann", "kim"]


def test_asking_for_the_invoice_concerns_what_one_has() -> None:
    room = Room()
    room.show("9")
    room.claim("nikki")
    room.show("12")
    room.say("nikki", Intent.CHECKOUT)
    assert room.asked("12") == []


def test_a_bid_taken_back_is_no_longer_asked() -> None:
    room = Room(mode=SaleMode.AUCTION)
    room.show("6")
    room.say("jess", Intent.BID, price=38)
    room.take_back("jess")
    assert room.asked("6") == []


def test_look_alike_names_are_different_people() -> None:
    room = Room()
    room.show("1", stock=9)
    names = ["amy", "аmy", "amy ", "Amy", "a\u200bmy", "amу"]
    for name in names:
        room.claim(name)
    room.claim("amy", user_id="1")
    room.claim("amy", user_id="2")
    assert len(room.awards("1")) == len(names) + 2
    assert len({claim.key for claim in room.ledger.claims()}) == len(names) + 2


def test_a_renamed_person_stays_one_person() -> None:
    room = Room()
    room.show("1")
    room.claim("amy", user_id="1")
    (claim,) = room.claim("amy_new", user_id="1")
    assert (claim.username, claim.evidence) == ("amy", ("m1", "m2"))


def test_counting_in_the_chat_cannot_grow_the_ledger_without_end() -> None:
    room = Room()
    room.show("1")
    for number in range(2, 2_000):
        room.claim("bot", str(number))
    assert len(room.ledger.outcomes()) <= 501


def test_messages_without_a_lot_claim_nothing_unless_they_name_a_code() -> None:
    room = Room()
    assert room.claim("amy") == ()
    assert room.claim("amy", "the boots") == ()
    (claim,) = room.claim("amy", "#a12")
    assert claim.lot == "A12"


def test_what_a_buyer_concerns_can_be_asked() -> None:
    room = Room()
    room.show("3", "Coca-Cola tee", price=14)
    room.show("26", "Mickey jersey", price=26)
    judged = room.judged("amy", Intent.CLAIM, "coca cola tee")
    lot = room.ledger.lot_of(judged.message, judged.verdict.slots)
    assert lot == Lot(code="3", title="Coca-Cola tee", price=14)


def test_a_thousand_messages_grow_the_evidence_of_one_claim_only_so_far() -> None:
    room = Room()
    room.show("1")
    for _ in range(1_000):
        room.claim("amy")
    (claim,) = room.ledger.claims()
    assert len(claim.evidence) == 50
