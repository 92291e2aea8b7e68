"""A show's rules: what the seller set, and what the shop's own announcements added; pure."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from dealflow.model.show import LearnedRule, RulesPatch, ShowRules

MAX_WORDS = 20
"""Claim words that announcements may add; no seller teaches more in an evening."""

MAX_CODES = 50
"""Codes and ranges that announcements may add."""

MAX_LEARNED = 50
"""Announcements that count at once in one show; each adds a word or a code, or says a rule anew."""

_UNSET = ShowRules()
_SWITCHES = (
    "number_is", "require_item", "retract", "one_per_buyer", "early", "plus_n", "size_claims",
)  # fmt: skip


class Rulebook:
    """The rules of one show while it is read.

    What the seller set always wins over what was learned; of two announcements the later wins.

    Args:
        rules: the seller's own rules, or ``None`` where nothing was set.
        learned: what was learned before, oldest first.
    """

    def __init__(self, rules: ShowRules | None, learned: Iterable[LearnedRule] = ()) -> None:
        self.own = rules
        self.learned: tuple[LearnedRule, ...] = tuple(learned)
        self.rules = self._merged()

    @property
    def learns(self) -> bool:
        """Say whether announcements may change anything."""
        return self.own is None or self.own.learn

    def hear(self, patch: RulesPatch, source: str, rule: str) -> bool:
        """Take in an announcement; return whether it changed the rules.

        Args:
            patch: what it says.
            source: the id of its message.
            rule: the same in plain words.
        """
        if not self.learns or len(self.learned) >= MAX_LEARNED:
            return False
        before, kept = self.rules, self.learned
        standing = tuple(entry for entry in kept if not _is_said_anew(entry.patch, patch))
        self.learned = (*standing, LearnedRule(rule=rule, source=source, patch=patch))
        self.rules = self._merged()
        if self.rules == before:
            self.learned = kept
            return False
        return True

    def forget(self, sources: Iterable[str]) -> None:
        """Take back what was learned from messages that were not stored after all."""
        gone = frozenset(sources)
        if any(entry.source in gone for entry in self.learned):
            self.learned = tuple(entry for entry in self.learned if entry.source not in gone)
            self.rules = self._merged()

    def _merged(self) -> ShowRules | None:
        if not self.learned:
            return self.own
        own = self.own or _UNSET
        changes: dict[str, object] = {}
        words, codes = list(own.claim_words), list(own.codes)
        for entry in self.learned:
            patch = entry.patch
            words += [word for word in patch.claim_words if word not in words]
            codes += [code for code in patch.codes if code not in codes and not own.codes]
            for name in _SWITCHES:
                said = getattr(patch, name)
                if said is not None and getattr(own, name) == getattr(_UNSET, name):
                    changes[name] = said
        changes["claim_words"] = tuple(words[: len(own.claim_words) + MAX_WORDS])
        changes["codes"] = tuple(codes[: len(own.codes) + MAX_CODES])
        return msgspec.structs.replace(own, **changes)


def _is_said_anew(old: RulesPatch, new: RulesPatch) -> bool:
    """Say whether the new announcement leaves nothing of the old one."""
    if old.claim_words or old.codes:
        return False
    return all(getattr(old, name) is None or getattr(new, name) is not None for name in _SWITCHES)
