"""Brings the tables of a store up to date."""

from __future__ import annotations

from importlib import resources
from typing import Any

import apsw

from dealflow.errors import StoreDamaged, StoreTooNew

APPLICATION_ID = 0x4445_414C
"""Stands in the file's header ("DEAL"), so that no other program's database is touched."""


def steps() -> list[tuple[int, str]]:
    """Return every step as its number and its SQL, in order."""
    files = resources.files("dealflow.store.migrations").iterdir()
    found = [
        (int(file.name[:4]), file.read_text(encoding="utf-8"))
        for file in files
        if file.name.endswith(".sql")
    ]
    return sorted(found)


def migrate(connection: apsw.Connection) -> int:
    """Apply the steps that are missing; return the number of the last one.

    Raises:
        StoreDamaged: the file belongs to another program.
        StoreTooNew: a newer DealFlow made it.
    """
    known = steps()
    newest = known[-1][0]
    with connection:
        present = _present(connection)
    if present > newest:
        raise StoreTooNew(f"The store has schema {present}; this DealFlow knows up to {newest}.")
    for number, sql in known:
        if number > present:
            with connection:
                connection.execute(sql)
                connection.pragma("application_id", APPLICATION_ID)
                connection.pragma("user_version", number)
    return newest


def _present(connection: apsw.Connection) -> int:
    """Return the number of the last step in the file; 0 for an empty file."""
    application = connection.pragma("application_id")
    version: Any = connection.pragma("user_version")
    if application == APPLICATION_ID:
        return int(version)
    (tables,) = next(connection.execute("SELECT count(*) FROM sqlite_schema"))
    if application or version or tables:
        raise StoreDamaged("The file is a database of another program.")
    return 0
