"""People with channels, a notifier, and real servers that their channels end at."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import datetime, timedelta

from aiosmtpd.controller import Controller
from aiosmtpd.handlers import Message as Letters

from andon.adapters.notify.apprise import AppriseNotifier
from andon.domain.channels import Channel
from andon.domain.decision import DecisionKind
from andon.domain.directory import Directory, Person, Role
from andon.domain.notice import Notice
from andon.domain.rights import RightsPolicy, Wording
from andon.domain.severity import Band
from andon.register.deliveries import Deliveries
from andon.register.engine import Databases
from andon.register.people import People
from tests.register.cases import INCIDENT, NOW

RIGHTS = RightsPolicy(
    rights={},
    wording={
        DecisionKind.TRIAGE: Wording(title="Is this real?", question="Look at the evidence.", options={})
    },
)
NOTICE = Notice(
    id=f"{INCIDENT}/triage-1/question",
    incident=INCIDENT,
    roles=(Role.LEGAL,),
    about="question",
    decision=DecisionKind.TRIAGE,
    subject="triage-1",
    due=NOW + timedelta(minutes=30),
    severity=Band.HIGH,
)


class Office:
    """A notifier and the people it may tell."""

    def __init__(self, databases: Databases, now: Callable[[], datetime] = lambda: NOW) -> None:
        self.people = People(databases.register)
        self.deliveries = Deliveries(databases.register)
        self.notifier = AppriseNotifier(self.people, self.deliveries, RIGHTS, "http://localhost:1/", now)
        self.now = now

    def employs(self, *people: Person) -> None:
        self.people.put_directory(Directory(people=people), self.now())

    def kept(self, incident: str = INCIDENT) -> list[tuple[str, str, str]]:
        return [(sent.person, sent.channel, sent.code) for sent in self.deliveries.of(incident)]


def person(name: str, *ways: str | Channel, role: Role = Role.LEGAL, **fields: object) -> Person:
    return Person(id=name, name=name, roles=(role,), channels=ways, **fields)


class Postbox(Letters):
    """Keeps the letters it gets."""

    def __init__(self) -> None:
        super().__init__()
        self.letters: list[dict[str, str]] = []

    def handle_message(self, message: object) -> None:
        self.letters.append({**dict(message.items()), "body": message.get_payload()})  # type: ignore[attr-defined] # an email.message.Message


@contextmanager
def mail_server() -> Iterator[tuple[Postbox, str]]:
    """A real SMTP server, and the channel that ends there."""
    postbox = Postbox()
    with closing(socket.socket()) as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    controller = Controller(postbox, hostname="127.0.0.1", port=port)
    controller.start()
    try:
        yield postbox, f"mailto://127.0.0.1:{port}/?from=andon@example.org&to=ana@example.org&mode=insecure"
    finally:
        controller.stop()


@contextmanager
def silent_server() -> Iterator[str]:
    """A server that takes connections and never says a word; returns its address."""
    ended = threading.Event()
    taken: list[socket.socket] = []
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.05)

        def take() -> None:
            while not ended.is_set():
                try:
                    taken.append(server.accept()[0])
                except TimeoutError:
                    continue

        thread = threading.Thread(target=take)
        thread.start()
        yield f"127.0.0.1:{server.getsockname()[1]}"
        ended.set()
        thread.join(timeout=10)
        for one in taken:
            one.close()
