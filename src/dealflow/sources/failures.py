"""Takes the error out of a task group's wrapping; pure."""

from __future__ import annotations

from collections.abc import Iterator

from dealflow.errors import DealflowError


def cause(error: BaseException) -> BaseException:
    """Return what went wrong: the first error of ours in a group, else its first error."""
    found = list(_leaves(error))
    return next((leaf for leaf in found if isinstance(leaf, DealflowError)), found[0])


def _leaves(error: BaseException) -> Iterator[BaseException]:
    if isinstance(error, BaseExceptionGroup):
        for each in error.exceptions:
            yield from _leaves(each)
    else:
        yield error
