"""The token's file."""

from __future__ import annotations

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from dealflow.api.tokens import load_or_make_token
from dealflow.errors import DataDirUnusable, SettingsInvalid


def test_it_is_made_once_for_its_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "new" / "token"
    token = load_or_make_token(path)
    assert len(token) >= 43  # 256 bits in base 64
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert load_or_make_token(path) == token
    assert list(path.parent.iterdir()) == [path]


def test_two_starts_at_once_agree(tmp_path: Path) -> None:
    path = tmp_path / "token"
    with ThreadPoolExecutor(8) as pool:
        tokens = set(pool.map(load_or_make_token, [path] * 32))
    assert len(tokens) == 1
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o666, 0o610])
def test_a_file_that_others_can_read_is_refused(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "token"
    load_or_make_token(path)
    path.chmod(mode)
    with pytest.raises(SettingsInvalid, match="Others can read"):
        load_or_make_token(path)


@pytest.mark.parametrize("text", ["", "short", "with space " * 8, "ünï" * 20, "a\nb" * 20])
def test_a_file_without_a_token_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "token"
    path.write_text(text, encoding="utf-8")
    path.chmod(0o600)
    with pytest.raises(SettingsInvalid, match="no usable token"):
        load_or_make_token(path)


def test_a_place_that_cannot_hold_it(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x", encoding="utf-8")
    with pytest.raises(DataDirUnusable):
        load_or_make_token(tmp_path / "file" / "token")
