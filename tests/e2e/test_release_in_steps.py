"""The refund desk let go in steps: review of everything, a share of its accounts, and all of it."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from typing import Final

import pytest

from andon.domain.share import TARGETING_KEY, Share
from examples.demo.cast import until
from tests.e2e.course import examine
from tests.e2e.people import Body, People
from tests.e2e.scene import playing

pytestmark = [pytest.mark.stack, pytest.mark.long, pytest.mark.timeout(300)]

SHARE: Final = Share(percent=30)
STEPS: Final = ({"review_all": {"hold_for": "PT1H"}}, {"partial": 30, "hold_for": "PT1H"}, "full")
ACCOUNTS: Final = tuple(f"ACC-{number}" for number in range(2001, 2041))
IN_THE_SHARE: Final = frozenset(
    account for account in ACCOUNTS if SHARE.lets_through("refund_desk", {TARGETING_KEY: account})
)
REVIEWED: Final = "sent_to_review"
PATIENCE: Final = 30.0

_TICKETS = count(1)


@pytest.fixture(scope="module")
def people(tmp_path_factory: pytest.TempPathFactory) -> Iterator[People]:
    """Everybody, in front of a desk that is let go in three steps."""
    root = tmp_path_factory.mktemp("steps") / "root"
    with playing(root, watch_seconds=4, release=STEPS) as scene:
        yield People(scene)


def test_each_step_lets_through_whom_it_says_and_one_word_takes_it_back(people: People) -> None:
    assert 0 < len(IN_THE_SHARE) < len(ACCOUNTS)
    name = _restarted(people)

    _at(people, name, 1)
    assert _reviewed(people) == set(ACCOUNTS), "a person looks at every answer"

    people.andon("release", name, "--next", "--reason", "a day without a fault", "--as", "business_owner")
    _at(people, name, 2)
    assert _reviewed(people) == set(ACCOUNTS) - IN_THE_SHARE, "the share alone goes out by itself"

    people.andon("release", name, "--back", "--as", "operations")
    _at(people, name, 1)
    assert _reviewed(people) == set(ACCOUNTS), "one word, and a person looks at everything again"

    people.andon("release", name, "--next", "--reason", "it was a false alarm", "--as", "business_owner")
    _at(people, name, 2)
    assert _reviewed(people) == set(ACCOUNTS) - IN_THE_SHARE, "the same accounts as before"

    people.andon("release", name, "--next", "--reason", "nothing amiss", "--as", "business_owner")
    _at(people, name, 3)
    assert _reviewed(people) == set()

    people.settle(name, "lessons", "lessons_recorded", "incident_lead", control_change="eval")
    closed = people.reached(name, "closed")
    assert closed["ending"] == "restarted"
    assert {order["state"] for order in closed["orders"]} == {"released"}


def _restarted(people: People) -> str:
    name = str(people.contained(people.scene.misbehave(), "detector")["incident"])
    examine(people, name)
    people.scene.desk.deploy("v1.2")
    people.settle(name, "remediation", "fix_deployed", "engineer")
    people.settle(name, "restart", "restart", "business_owner", "legal", "security")
    return name


def _at(people: People, name: str, step: int) -> Body:
    """Wait until a step is reached and was seen to hold."""

    def reached() -> Body | None:
        course = people.incident(name)["release"]
        if course is None or course["step"] != step:
            return None
        seen = [one for one in course["reached"] if one["step"] == step]
        return dict(course) if seen and seen[-1].get("proven") else None

    return until(reached, f"step {step} of {name}", PATIENCE)


def _reviewed(people: People) -> set[str]:
    """Return the accounts whose tickets go to a person first."""
    answers = {
        account: people.scene.desk.ticket(f"S-{next(_TICKETS)}", account, "Where do I find my invoice?")
        for account in ACCOUNTS
    }
    assert "paused" not in {answer["action"] for answer in answers.values()}
    return {account for account, answer in answers.items() if answer["action"] == REVIEWED}
