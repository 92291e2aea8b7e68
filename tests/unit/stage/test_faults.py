"""Standing faults are set and cleared by name, and only to what they take."""

from __future__ import annotations

import pytest

from dealflow.errors import InputInvalid
from dealflow.stage.faults import SWITCHED_ON, Faults, changed, cleared


@pytest.mark.parametrize("name", Faults.__struct_fields__)
def test_every_fault_can_be_switched_on_and_cleared(name: str) -> None:
    if isinstance(getattr(Faults(), name), bool) or name in SWITCHED_ON:
        on = changed(Faults(), name, None)
        assert getattr(on, name)
        assert cleared(on, name) == Faults()


@pytest.mark.parametrize(
    ("name", "value"),
    [("backlog_size", "many"), ("slow", "very"), ("refuse_sockets", "no"), ("never_heard", True)],
)
def test_what_a_fault_does_not_take_is_refused(name: str, value: object) -> None:
    with pytest.raises(InputInvalid):
        changed(Faults(), name, value)


def test_all_faults_are_cleared_at_once() -> None:
    broken = changed(changed(Faults(), "hang", None), "backlog_size", 3)
    assert cleared(broken, None) == Faults()


def test_an_unknown_fault_cannot_be_cleared() -> None:
    with pytest.raises(InputInvalid):
        cleared(Faults(), "never_heard")
