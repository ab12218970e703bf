"""What the AI systems call their sessions. An id may be a person's: it never enters a workflow."""

from __future__ import annotations

from typing import Annotated, Final

from pydantic import StringConstraints

SESSIONS_AT_MOST: Final = 50
"""Sessions that one detection names, each with an order of its own."""
DIGEST_KEY: Final = "andon-session:"
"""What a targeting key begins with that names a session by its digest, as Andon's own probe does."""

SessionId = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=r"^[\x21-\x7e]+$")]
"""What the AI system calls a session: printable ASCII without blanks."""
