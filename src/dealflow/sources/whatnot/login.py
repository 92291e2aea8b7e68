"""The user's own login, by hand, in a visible browser on a profile that is kept."""

from __future__ import annotations

from typing import Final

MARKER_COOKIE: Final = "__Secure-access-token"
"""Only a logged-in visitor has this cookie; nothing of it but its name is ever read."""

PROFILE_DIR: Final = "whatnot-profile"
