"""AWS as levers: an access key set inactive, a role's sessions ended, a policy that denies attached."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Final

from andon.adapters.clock import utc_now
from andon.adapters.levers.aws_calls import AwsCalls, RefusedError, Service, Who
from andon.adapters.levers.held import HeldLever, Seen
from andon.adapters.levers.kinds import LeverKind, Means
from andon.adapters.levers.options import Shape
from andon.domain.containment import Hold, Lever, Verb
from andon.domain.errors import InvalidInputError, LeverAwayError, LeverUnknownError
from andon.domain.values import canonical

State = Mapping[str, Any]

COMMON: Final = ("access", "watch", "probe", "endpoint_url", "region", "normal")
SHAPES: Final = {
    Verb.REVOKE_CREDENTIAL: Shape(
        (*COMMON, "key_id", "user", "role"), pairs={"key_id": "user", "user": "key_id", "probe": "key_id"}
    ),
    Verb.NARROW_PERMISSIONS: Shape(
        (*COMMON, "policy_arn", "user", "role", "try_bucket"),
        needed=("policy_arn",),
        pairs={"probe": "try_bucket", "try_bucket": "probe"},
    ),
}
NORMAL: Final = {Verb.REVOKE_CREDENTIAL: "active", Verb.NARROW_PERMISSIONS: "detached"}
GONE: Final = "NoSuchEntity"
REFUSALS: Final = {"sts": frozenset({"InvalidClientTokenId"}), "s3": frozenset({"AccessDenied"})}
"""What a key that is inactive is told, and a call that a policy denies."""
BY_USE: Final = "aws_use"
BY_STATUS: Final = "aws_status"


class AwsPoint:
    """Sets IAM, and looks with the stopped key itself, or else reads IAM as somebody else."""

    def __init__(self, means: Means, now: Callable[[], datetime] = utc_now) -> None:
        self._calls = AwsCalls(means)
        self._now = now

    async def read(self, lever: Lever) -> bytes:
        """Return the key's status and up to when sessions are denied, or whether the policy is attached."""
        return canonical(dict(await self._calls.in_time(lever, lambda: self._state(lever, "access"))))

    async def put(self, lever: Lever, hold: Hold, key: str) -> None:  # noqa: ARG002 - each call may be repeated
        """Stop what the options name; sessions made later are not ended, and need the key or the policy."""
        stopped = {"key": "Inactive", "ended": _stamp(self._now()), "attached": True}
        await self._calls.in_time(lever, lambda: self._put(lever, stopped))

    async def is_put(self, lever: Lever, hold: Hold) -> bool:
        """Whether IAM says so; sessions count as ended if all from before the hold are denied."""
        return await self._calls.in_time(lever, lambda: _stopped(self._state(lever, "access"), hold))

    async def restore(self, lever: Lever, resting: bytes, key: str) -> None:  # noqa: ARG002 - as with `put`
        """Bring key, sessions or policy back to what was read."""
        await self._calls.in_time(lever, lambda: self._put(lever, json.loads(resting)))

    def normal(self, lever: Lever) -> bytes | None:
        """Return the working state, if `normal` says that it is the one to go back to."""
        if "normal" not in lever.options:
            return None
        working = {"key": "Active", "ended": None, "attached": False}
        return canonical({part: working[part] for part in _parts(lever)})

    async def look(self, lever: Lever, hold: Hold) -> Seen:
        """Use what was stopped, if a secret for that is named; the status alone counts only without."""
        return await self._calls.in_time(lever, lambda: self._look(lever, hold))

    def _look(self, lever: Lever, hold: Hold) -> Seen:
        if lever.verb is Verb.NARROW_PERMISSIONS and "probe" in lever.options:
            return self._tried(lever, "s3", "list_objects_v2", Bucket=lever.options["try_bucket"], MaxKeys=1)
        if not _stopped(self._state(lever, "watch"), hold):
            return Seen(held=False, saw="not_stopped", via=BY_STATUS)
        if "probe" not in lever.options:
            return Seen(held=True, saw=self._used(lever, hold), via=BY_STATUS)
        if self._calls.identity(lever, "probe")[0] != lever.options["key_id"]:
            return Seen(held=False, saw="probe_is_another_key", via=BY_USE)
        return self._tried(lever, "sts", "get_caller_identity")

    def _tried(self, lever: Lever, service: Service, operation: str, **arguments: object) -> Seen:
        try:
            self._calls.ask(lever, "probe", service, operation, **arguments)
        except RefusedError as error:
            return Seen(held=error.code in REFUSALS[service], saw=error.code, via=BY_USE)
        return Seen(held=False, saw="allowed", via=BY_USE)

    def _used(self, lever: Lever, hold: Hold) -> str:
        """Say whether the key was used since: a hint, since IAM is told of a use late."""
        if "key_id" not in lever.options:
            return "stopped"
        answer = self._iam(lever, "watch", "get_access_key_last_used", AccessKeyId=lever.options["key_id"])
        used = answer["AccessKeyLastUsed"].get("LastUsedDate")
        return "stopped/used_since" if used is not None and used > hold.since else "stopped"

    def _state(self, lever: Lever, who: Who) -> State:
        ask: dict[str, Callable[[Lever, Who], object]] = {
            "key": self._key_status,
            "ended": self._ended,
            "attached": self._attached,
        }
        return {part: ask[part](lever, who) for part in _parts(lever)}

    def _key_status(self, lever: Lever, who: Who) -> str:
        answer = self._iam(lever, who, "list_access_keys", UserName=lever.options["user"])
        for key in answer["AccessKeyMetadata"]:
            if key["AccessKeyId"] == lever.options["key_id"]:
                return str(key["Status"])
        raise LeverUnknownError(lever.id)

    def _ended(self, lever: Lever, who: Who) -> str | None:
        self._iam(lever, who, "get_role", RoleName=lever.options["role"])
        answer = self._own_policy(lever, who, "get_role_policy")
        if answer is None:
            return None
        statement = answer["PolicyDocument"]["Statement"][0]
        return str(statement["Condition"]["DateLessThan"]["aws:TokenIssueTime"])

    def _attached(self, lever: Lever, who: Who) -> bool:
        kind, whom = _principal(lever)
        answer = self._iam(lever, who, f"list_attached_{kind}_policies", **whom)
        return any(one["PolicyArn"] == lever.options["policy_arn"] for one in answer["AttachedPolicies"])

    def _put(self, lever: Lever, state: State) -> None:
        set_to: dict[str, Callable[[Lever, Any], None]] = {
            "key": self._set_key,
            "ended": self._end_sessions,
            "attached": self._attach,
        }
        # The key comes before the sessions: while it works, it makes new ones.
        for part in _parts(lever):
            set_to[part](lever, state[part])

    def _set_key(self, lever: Lever, status: str) -> None:
        named = {"UserName": lever.options["user"], "AccessKeyId": lever.options["key_id"]}
        self._iam(lever, "access", "update_access_key", **named, Status=status)

    def _end_sessions(self, lever: Lever, before: str | None) -> None:
        if before is None:
            self._own_policy(lever, "access", "delete_role_policy")
        else:
            self._own_policy(lever, "access", "put_role_policy", PolicyDocument=_ending(before))

    def _attach(self, lever: Lever, attached: bool) -> None:  # noqa: FBT001 - a state, not a switch
        kind, whom = _principal(lever)
        operation = f"{'attach' if attached else 'detach'}_{kind}_policy"
        try:
            self._calls.ask(lever, "access", "iam", operation, **whom, PolicyArn=lever.options["policy_arn"])
        except RefusedError as error:
            # IAM refuses to detach what is not attached.
            if error.code != GONE or attached:
                raise _problem(lever, error) from error

    def _own_policy(
        self, lever: Lever, who: Who, operation: str, **arguments: object
    ) -> dict[str, Any] | None:
        """Call for the policy this lever puts on its role; None: there is none."""
        named = {"RoleName": lever.options["role"], "PolicyName": f"andon.{lever.id}"[:128]}
        try:
            return self._calls.ask(lever, who, "iam", operation, **named, **arguments)
        except RefusedError as error:
            if error.code == GONE and operation != "put_role_policy":
                return None
            raise _problem(lever, error) from error

    def _iam(self, lever: Lever, who: Who, operation: str, **arguments: object) -> dict[str, Any]:
        try:
            return self._calls.ask(lever, who, "iam", operation, **arguments)
        except RefusedError as error:
            raise _problem(lever, error) from error


def check(lever: Lever) -> None:
    """Refuse options that can't name what to stop."""
    options = lever.options
    SHAPES[lever.verb].check(lever)
    named = [one for one in ("user", "role") if one in options]
    if not named or (lever.verb is Verb.NARROW_PERMISSIONS and len(named) == 2):
        raise InvalidInputError(f"lever {lever.id}: options name a user or a role")
    if options.get("normal", NORMAL[lever.verb]) != NORMAL[lever.verb]:
        raise InvalidInputError(f"lever {lever.id}: option normal is {NORMAL[lever.verb]!r}, or left out")


def _parts(lever: Lever) -> tuple[str, ...]:
    if lever.verb is Verb.NARROW_PERMISSIONS:
        return ("attached",)
    return tuple(part for part, option in (("key", "key_id"), ("ended", "role")) if option in lever.options)


def _stopped(state: State, hold: Hold) -> bool:
    if "attached" in state:
        return bool(state["attached"])
    ended = state.get("ended")
    sessions = "ended" not in state or (ended is not None and _stamp(hold.since) <= ended)
    return state.get("key", "Inactive") == "Inactive" and sessions


def _stamp(at: datetime) -> str:
    """Return a time as IAM compares it; as text, later is greater."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"


def _principal(lever: Lever) -> tuple[str, dict[str, str]]:
    if "role" in lever.options:
        return "role", {"RoleName": lever.options["role"]}
    return "user", {"UserName": lever.options["user"]}


def _ending(before: str) -> str:
    """Return the policy by which AWS's own console revokes sessions (IAM User Guide, "Revoke sessions")."""
    older = {"DateLessThan": {"aws:TokenIssueTime": before}}
    statement = {"Effect": "Deny", "Action": ["*"], "Resource": ["*"], "Condition": older}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def _problem(lever: Lever, error: RefusedError) -> LeverUnknownError | LeverAwayError:
    return LeverUnknownError(lever.id) if error.code == GONE else LeverAwayError(lever.id, error.code)


KIND: Final = LeverKind(
    verbs=frozenset(SHAPES), check=check, make=lambda means: HeldLever(AwsPoint(means), means.held)
)
