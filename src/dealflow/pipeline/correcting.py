"""Makes a revision of what a seller says of a message."""

from __future__ import annotations

from dealflow.errors import MessageUnknown
from dealflow.model.correction import Correction, seller_verdict
from dealflow.model.intent import Context, Intent, Room, Utterance
from dealflow.model.revision import Revision, VerdictSource
from dealflow.model.room import Talk
from dealflow.model.rulebook import Rulebook
from dealflow.model.show import ShowRules
from dealflow.pipeline.dossier import Dossier, read_dossiers
from dealflow.pipeline.history import HISTORY
from dealflow.store.base import Show, Store, StoredMessage

AROUND = 200
"""Events before a message among which is what was said around it."""


async def seller_revision(
    store: Store,
    show: Show,
    message_id: str,
    correction: Correction | None,
    intent: Intent | None,
    *,
    rules: ShowRules | None,
    now_ms: int,
) -> Revision | None:
    """Return what is to be stored, or ``None`` when there is nothing to take back.

    Args:
        store: where the message is kept.
        show: its show.
        message_id: the message.
        correction: what the seller says; ``None`` takes back what was said before.
        intent: the right intent, if the seller names it.
        rules: how claims are made where the show has no rules of its own.
        now_ms: when it is said, in milliseconds since 1970.

    Raises:
        MessageUnknown: the show has no such message.
        InputInvalid: the intent contradicts the correction.
        StoreUnavailable: the store does not answer now.
    """
    stored = await store.message(show.id, message_id)
    if stored is None:
        raise MessageUnknown(f"The show {show.session_id!r} has no message {message_id!r}.")
    dossier = (await read_dossiers(store, show.id, [message_id]))[message_id]
    if correction is None and dossier.source is not VerdictSource.SELLER:
        return None
    before = _without_seller(dossier).verdict
    return Revision(
        message_id=message_id,
        verdict=before
        if correction is None
        else seller_verdict(before, correction, intent, stored.mode),
        source=VerdictSource.SELLER,
        at=now_ms,
        withdrawn=correction is None,
        utterance=await _utterance(store, show, stored, rules),
    )


async def _utterance(
    store: Store, show: Show, stored: StoredMessage, rules: ShowRules | None
) -> Utterance:
    """Return a stored message in its context as it was judged; the rules are those of today."""
    own = rules if show.rules is None else show.rules
    message = stored.message
    history = await store.said_before(show.id, message, seq=stored.seq, limit=HISTORY)
    return Utterance(
        text=message.text,
        context=Context(
            mode=stored.mode,
            lot=message.lot,
            author_role=message.role,
            history=tuple(history),
            rules=Rulebook(own, show.learned).rules,
            lot_age=stored.lot_age,
            room=await _room(store, show, stored),
        ),
    )


async def _room(store: Store, show: Show, stored: StoredMessage) -> Room:
    """Return what was said around a stored message."""
    talk = Talk()
    before = await store.messages(show.id, after=max(0, stored.seq - AROUND), limit=AROUND)
    for one in [*(said for said in before if said.seq < stored.seq), stored]:
        message = one.message
        room = talk.note(message.person, message.role, message.text, message.sent_at, message.lot)
    return room


def _without_seller(dossier: Dossier) -> Dossier:
    others = (one for one in dossier.verdicts if one.source is not VerdictSource.SELLER)
    return Dossier(dossier.message, dossier.place, tuple(others))
