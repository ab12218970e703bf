"""What a page that failed says: what happened, and what to do now."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

HEADINGS: Final = {
    400: "That request can't be read",
    401: "Sign in first",
    403: "Not for this role",
    404: "There is nothing here",
    405: "There is nothing here",
    409: "Not now",
    410: "It was erased",
    413: "That is too long",
    422: "That can't be used",
    429: "Too much at once",
    500: "Andon failed on this request",
    503: "Not reachable just now",
}
FIRST: Final = ("Go to the first page", "/")
LIST: Final = ("Look through all incidents", "/incidents?state=all")
SIGN_IN: Final = ("Sign in", "/sign-in")
OTHER_ROLE: Final = ("See who you are, and sign out to act in another role", "#you")
REPORT: Final = ("Report a problem", "/report")
BACK: Final = (
    "Go back in your browser: what you typed is still there. Change it and send it again; "
    "nothing was done, and nothing is done twice."
)
STOPS_HOLD: Final = (
    "What is stopped stays stopped, whether or not these pages answer. "
    "andon stop on the command line works without them."
)
_STEPS: Final[dict[int, tuple[str, ...]]] = {
    400: (BACK,),
    409: ("Open the page again: it shows how things stand now.",),
    413: (BACK,),
    422: (BACK,),
    429: ("Wait a moment and load the page again. Nothing was lost.",),
    500: ("Load the page again.", STOPS_HOLD),
    503: ("Load the page again in a moment.", STOPS_HOLD),
}
_PLACES: Final[dict[int, tuple[tuple[str, str], ...]]] = {
    403: (OTHER_ROLE, FIRST),
    404: (LIST, FIRST),
    405: (LIST, FIRST),
    410: (LIST, FIRST),
}


@dataclass(frozen=True, slots=True)
class ProblemScreen:
    """An error as a page: a heading, what happened, steps in words, and places to go on."""

    heading: str
    detail: str
    steps: tuple[str, ...]
    places: tuple[tuple[str, str], ...]
    status: int


def problem_screen(status: int, detail: str, *, signed_in: bool, may_report: bool = False) -> ProblemScreen:
    """Return what a page says for a status; a status without words of its own is told like its hundred."""
    known = status if status in HEADINGS else 500 if status >= 500 else 400
    places = _PLACES.get(known, (FIRST,)) if signed_in else (SIGN_IN,)
    more = (REPORT,) if signed_in and may_report and known in (500, 503) else ()
    return ProblemScreen(HEADINGS[known], detail, _STEPS.get(known, ()), (*places, *more), status)
