"""What somebody was told, as the API shows it."""

from __future__ import annotations

from pydantic import BaseModel

from andon.domain.values import Instant
from andon.register.deliveries import Sent


class NoticeShown(BaseModel):
    """One attempt to tell somebody."""

    message: str
    incident: str
    about: str
    subject: str
    due: Instant | None
    channel: str
    arrived: bool
    code: str
    at: Instant


class NoticeList(BaseModel):
    """The notices of one person, newest first."""

    person: str
    notices: list[NoticeShown]


def notice_shown(sent: Sent) -> NoticeShown:
    """Return an attempt as it is shown; the kind of channel is all that is known of its address."""
    return NoticeShown(
        message=sent.notice.id,
        incident=sent.notice.incident,
        about=sent.notice.about,
        subject=sent.notice.subject,
        due=sent.notice.due,
        channel=sent.channel,
        arrived=sent.ok,
        code=sent.code,
        at=sent.at,
    )
