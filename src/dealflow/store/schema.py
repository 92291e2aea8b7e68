"""Brings the tables of a store up to date."""

from __future__ import annotations

from importlib import resources
from pathlib import Path
from typing import Any

import apsw

from dealflow.errors import StoreDamaged, StoreTooNew
from dealflow.store.connection import close, open_writer, translated, tune_writer

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


def newest() -> int:
    """Return the number of the last step that this DealFlow knows."""
    return steps()[-1][0]


def present(connection: apsw.Connection) -> int:
    """Return the number of the last step that the file has; 0 for an empty one. Writes nothing.

    Raises:
        StoreDamaged: the file belongs to another program.
        StoreTooNew: a newer DealFlow made it.
    """
    application: Any = connection.pragma("application_id")
    version: Any = connection.pragma("user_version")
    tables: Any = connection.execute("SELECT count(*) FROM sqlite_schema").get
    if application != APPLICATION_ID and (application or version or tables):
        raise StoreDamaged("The file is a database of another program.")
    if version > newest():
        raise StoreTooNew(f"The store has schema {version}; this DealFlow knows up to {newest()}.")
    return int(version)


def migrate(connection: apsw.Connection) -> None:
    """Apply the steps that are missing, each in one transaction with its number."""
    done = present(connection)
    for number, sql in steps():
        if number > done:
            with connection:
                connection.execute(sql)
                connection.pragma("application_id", APPLICATION_ID)
                connection.pragma("user_version", number)


def prepared(path: Path | None) -> apsw.Connection:
    """Open the writing connection with its tables up to date; ``None``: a store in memory.

    Raises:
        StoreDamaged, StoreTooNew, StoreUnsafe, StoreUnavailable: it cannot be written.
    """
    connection = open_writer(path)
    try:
        present(connection)  # refuses a file that is not ours before anything is written
        tune_writer(connection)
        migrate(connection)
    except BaseException as error:
        close(connection)
        reason = translated(error)
        if reason is error:
            raise
        raise reason from error
    return connection
