"""Several writes as one transaction: all of them, or none."""

from __future__ import annotations

import pytest

from andon.register.engine import Databases, together
from andon.register.keys import WrappedKeys


class BrokenOffError(Exception):
    """Ends a block before its end."""


def test_writes_made_together_see_each_other_and_are_kept_together(databases: Databases) -> None:
    keys = WrappedKeys(databases.register)
    with together(databases.register):
        keys.put_if_absent("INC-1", b"first")
        assert keys.get("INC-1") == b"first"
        keys.put_if_absent("INC-2", b"second")
    assert (keys.get("INC-1"), keys.get("INC-2")) == (b"first", b"second")


def test_writes_made_together_are_undone_together(databases: Databases) -> None:
    keys = WrappedKeys(databases.register)
    with pytest.raises(BrokenOffError), together(databases.register):
        keys.put_if_absent("INC-1", b"first")
        raise BrokenOffError
    assert keys.get("INC-1") is None
    keys.put_if_absent("INC-1", b"again")
    assert keys.get("INC-1") == b"again"
