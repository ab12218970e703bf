"""Several writes as one transaction: all of them, or none."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from andon.config import DatabaseSettings
from andon.register.engine import Databases, open_databases, together
from andon.register.keys import WrappedKeys
from andon.register.migrate import migrate


class BrokenOffError(Exception):
    """Ends a block before its end."""


@pytest.fixture
def databases(tmp_path: Path) -> Iterator[Databases]:
    settings = DatabaseSettings(
        switches_url=f"sqlite:///{tmp_path}/switches.db",
        register_url=f"sqlite:///{tmp_path}/register.db",
        recorder_url=f"sqlite:///{tmp_path}/recorder.db",
    )
    migrate(settings)
    opened = open_databases(settings)
    yield opened
    opened.close()


def break_off_after_a_write(keys: WrappedKeys, databases: Databases) -> None:
    with together(databases.register):
        keys.put_if_absent("INC-1", b"first")
        raise BrokenOffError


def test_writes_made_together_see_each_other_and_are_kept_together(databases: Databases) -> None:
    keys = WrappedKeys(databases.register)
    with together(databases.register):
        keys.put_if_absent("INC-1", b"first")
        assert keys.get("INC-1") == b"first"
        keys.put_if_absent("INC-2", b"second")
    assert (keys.get("INC-1"), keys.get("INC-2")) == (b"first", b"second")


def test_writes_made_together_are_undone_together(databases: Databases) -> None:
    keys = WrappedKeys(databases.register)
    with pytest.raises(BrokenOffError):
        break_off_after_a_write(keys, databases)
    assert keys.get("INC-1") is None
    keys.put_if_absent("INC-1", b"again")
    assert keys.get("INC-1") == b"again"
