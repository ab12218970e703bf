"""What a detection passes through at the door, put together in the order in which parts need each other."""

from __future__ import annotations

from dataclasses import dataclass

from andon.bootstrap.door import DoorParts
from andon.config import Settings
from andon.door.books import Books
from andon.door.brought import Brought
from andon.door.engine import Engine
from andon.door.graver import Graver
from andon.door.holding import Holding
from andon.door.intake import Intake
from andon.door.likeness import Likeness
from andon.door.limit import StopLimit
from andon.door.opening import Secrets
from andon.door.outage import Outage
from andon.door.placing import Placing
from andon.door.policy import PolicyDesk
from andon.door.rates import Rates
from andon.door.sightings import Sightings
from andon.door.spool import Spool
from andon.door.standing import Standing
from andon.door.ties import Knot
from andon.door.weather import Weather


@dataclass(frozen=True, slots=True)
class TakingIn:
    """The parts that take a detection from its report to its incident."""

    engine: Engine
    holding: Holding
    books: Books
    placing: Placing
    weather: Weather
    outage: Outage
    intake: Intake


def taking_in(
    chosen: Settings, parts: DoorParts, policy: PolicyDesk, keys: Secrets, spool: Spool
) -> TakingIn:
    """Return the parts on the databases, policies and keys of one door."""
    queries, most = parts.queries, chosen.intake.stops_per_source_per_hour
    knot = Knot(queries.issues, queries.links, queries.patterns, queries.untold)
    brought = Brought(queries.codes, queries.uploads)
    books = Books(queries.incidents, queries.detections, parts.texts, keys.attest, knot, brought)
    engine, holding = Engine(chosen.temporal), Holding(parts.flags, queries.switches)
    weather = Weather(queries.storms, queries.links, queries.incidents, books, policy, keys)
    placing = Placing(
        standing=Standing(queries.incidents),
        sightings=Sightings(queries.incidents, knot, Likeness(queries.detections, queries.links)),
        graver=Graver(queries.detections),
        weather=weather,
        books=books,
        policy=policy,
        keys=keys,
        limit=StopLimit(queries.incidents, most),
    )
    outage = Outage(
        spool=spool,
        books=books,
        placing=placing,
        policy=policy,
        holding=holding,
        detections=queries.detections,
        stops_an_hour=most,
    )
    intake = Intake(
        queries=queries,
        policy=policy,
        placing=placing,
        engine=engine,
        holding=holding,
        outage=outage,
        rates=Rates(chosen.intake.detections_per_source_per_minute),
        console_url=chosen.console.url,
    )
    return TakingIn(engine, holding, books, placing, weather, outage, intake)
