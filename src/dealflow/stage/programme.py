"""The programme: the show on stage and its neighbours, which other readers may find."""

from __future__ import annotations

from dealflow.stage.show import Show


class Programme:
    """Every show of the platform, the main one first."""

    def __init__(self, main: Show) -> None:
        self.main = main
        self._shows = {main.id: main}

    def add(self, show: Show) -> None:
        """Put another show beside the main one."""
        self._shows[show.id] = show

    def show(self, show_id: str) -> Show | None:
        """Return the show of this id."""
        return self._shows.get(show_id)

    def by_seller(self, seller: str) -> Show | None:
        """Return the show of this seller."""
        return next((show for show in self._shows.values() if show.seller == seller), None)

    def by_viewers(self) -> list[Show]:
        """Return all shows, the most viewed first."""
        return sorted(self._shows.values(), key=lambda show: -(show.viewers or 0))
