"""What was changed lately: revision, log of the window and changed files of a git repository (INV-04).

The repository is somebody else's: nothing that it configures is run, nothing is fetched or written.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from andon.adapters.levers.child import run
from andon.adapters.options import Option
from andon.adapters.sources.kinds import SourceKind, SourceMeans
from andon.domain.errands import EvidenceQuery
from andon.domain.errors import InvalidInputError, LeverAwayError, SourceError
from andon.domain.evidence import Gap, GapReason
from andon.domain.system import SourceEntry
from andon.ports import Captured

JSON: Final = "application/json"
CHANGE_LOG: Final = "change_log"
MOST_COMMITS: Final = 1000
MOST_BYTES: Final = 3 * 1024 * 1024
"""Most that one call prints; two of them make an item."""
OPTIONS: Final = {
    "repository": Option("name of a folder in the settings under `sources.repositories`", needed=True),
    "revision": Option("branch or tag that is deployed; `HEAD` unless said otherwise"),
    "paths": Option("files and folders in it, comma between them; without them, all"),
}
ENVIRONMENT: Final = {
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": "/dev/null",
    "GIT_ATTR_NOSYSTEM": "1",
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_PAGER": "cat",
    "GIT_CEILING_DIRECTORIES": "/",
    "LC_ALL": "C.UTF-8",
}
QUIET: Final = (
    "core.fsmonitor=false",
    "core.hooksPath=/dev/null",
    "log.showSignature=false",
    "protocol.allow=never",
    "core.quotePath=false",
)
"""What a repository's own configuration may not bring about: programs of its own, and calls elsewhere."""

_FIELDS: Final = ("hash", "committed_at", "authored_at", "author", "email", "subject")
_FORMAT: Final = "%x1e" + "%x1f".join(("%H", "%cI", "%aI", "%an", "%ae", "%s")) + "%x1f"
_EMPTY_TREE: Final = "4b825dc642cb6eb9a060e54bf8d69288fbee4904"


class GitSource:
    """One item says which revision stands and what was committed in the window; none is an answer too."""

    version = "1"

    def __init__(self, entry: SourceEntry, means: SourceMeans) -> None:
        self.name = entry.id
        self.supplies = frozenset(entry.supplies)
        self._options = entry.options
        self._means = means
        self._folder: Path = means.named(entry, "repository", means.settings.repositories, "repositories")
        self._paths = tuple(one.strip() for one in entry.options.get("paths", "").split(",") if one.strip())

    async def collect(self, query: EvidenceQuery) -> AsyncIterator[Captured | Gap]:
        """Yield the change log of the window, empty if nothing was changed, with what differs since."""
        if not (await self._git("rev-parse", "--git-dir", missing=True)):
            raise SourceError(self.name, GapReason.UNREACHABLE, "there is no repository")
        head = await self._revision(self._options.get("revision", "HEAD"))
        if not head:
            raise SourceError(self.name, GapReason.EMPTY, "it has no such revision")
        commits = await self._log(head, query)
        before = await self._git("rev-list", "-1", f"--before={_second(query.since)}", "--first-parent", head)
        changed = await self._names(before or _EMPTY_TREE, head)
        shallow = await self._git("rev-parse", "--is-shallow-repository") == "true"
        told = {
            "revision": head,
            "before_the_window": before or None,
            "since": query.since.isoformat(),
            "until": query.until.isoformat(),
            "paths": list(self._paths),
            "commits": commits,
            "changed_names": changed,
            "complete": len(commits) < MOST_COMMITS and not (shallow and not before),
        }
        yield Captured(
            kind=CHANGE_LOG,
            content=json.dumps(told, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode(),
            content_type=JSON,
            name="log",
            source_at=datetime.fromisoformat(commits[0]["committed_at"]) if commits else None,
            origin=f"{self._options['repository']} at {head}",
        )
        if shallow and not before:
            raise SourceError(self.name, GapReason.RETENTION, "a shallow copy begins within the window")
        if len(commits) >= MOST_COMMITS:
            raise SourceError(self.name, GapReason.LATE, f"cut off after {MOST_COMMITS} commits")

    async def _revision(self, named: str) -> str:
        return await self._git("rev-parse", "--verify", "--quiet", f"{named}^{{commit}}", missing=True)

    async def _log(self, head: str, query: EvidenceQuery) -> list[dict[str, Any]]:
        # The filter goes on behind a commit whose clock was wrong; plain --since would end there.
        window = (f"--since-as-filter={_second(query.since)}", f"--until={_second(query.until)}")
        form = ("--name-status", "--no-renames", f"--format={_FORMAT}", f"--max-count={MOST_COMMITS}")
        printed = await self._git("log", *SAFE, *window, *form, head, "--", *self._paths)
        return [_commit(one) for one in printed.split("\x1e")[1:]]

    async def _names(self, before: str, head: str) -> list[str]:
        printed = await self._git(
            "diff", *SAFE, "--name-status", "--no-renames", before, head, "--", *self._paths
        )
        return printed.splitlines()

    async def _git(self, verb: str, *words: str, missing: bool = False) -> str:
        """Run git and return what it printed.

        Args:
            verb: the command.
            words: its arguments.
            missing: whether a failure means that what was asked for is not there.
        """
        settings = [word for one in (*QUIET, f"safe.directory={self._folder}") for word in ("-c", one)]
        command = ("git", "--no-pager", *settings, "-C", str(self._folder), verb, *words)
        try:
            ran = await run(
                self.name,
                command,
                given=b"",
                within=self._means.settings.timeout,
                environment=ENVIRONMENT,
                most_bytes=MOST_BYTES,
            )
        except InvalidInputError as error:
            raise SourceError(self.name, GapReason.NOT_CONFIGURED, "there is no program git") from error
        except LeverAwayError as error:
            late = error.problem == "timeout" or error.problem.startswith("printed")
            reason = GapReason.LATE if late else GapReason.UNREACHABLE
            raise SourceError(self.name, reason, f"git {verb}: {error.problem}") from error
        if ran.code != 0:
            if missing:
                return ""
            raise SourceError(self.name, GapReason.REFUSED, f"git {verb} ended with {ran.code}")
        return ran.printed.decode("utf-8", errors="replace").strip("\n")


SAFE: Final = ("--no-ext-diff", "--no-textconv", "--no-color")


def _second(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="seconds")


def _commit(printed: str) -> dict[str, Any]:
    *values, names = printed.split("\x1f")
    return {**dict(zip(_FIELDS, values, strict=True)), "names": names.strip("\n").splitlines()}


def check(entry: SourceEntry) -> None:
    """Refuse options that git could take for its own."""
    revision = entry.options.get("revision", "HEAD")
    if revision.startswith("-") or ".." in revision or any(one.isspace() for one in revision):
        raise InvalidInputError(f"source {entry.id}: option revision is a branch, a tag or a commit")
    for path in entry.options.get("paths", "").split(","):
        if path.strip().startswith((":", "/")) or ".." in path.split("/"):
            raise InvalidInputError(
                f"source {entry.id}: the path {path.strip()!r} is not inside the repository"
            )


KIND: Final = SourceKind(
    name="git",
    version="1",
    options=OPTIONS,
    supplies=frozenset({CHANGE_LOG}),
    build=GitSource,
    check=check,
)
