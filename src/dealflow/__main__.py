"""``python -m dealflow`` is the ``dealflow`` command."""

from __future__ import annotations

from dealflow.cli.main import main

if __name__ == "__main__":
    main()
