"""An allowance that counts messages and knows no clock."""

from __future__ import annotations

from dealflow.intents.allowance import Allowance


class Purse(Allowance):
    """Allows so many messages, whatever the time."""

    def __init__(self, left: int) -> None:
        super().__init__()
        self.left = left

    def take(self, wanted: int) -> int:
        taken = min(wanted, self.left)
        self.left -= taken
        return taken
