"""The incident file to be read: as a page, and as a PDF."""

from __future__ import annotations

import asyncio

from fastapi import APIRouter, Response

from andon.adapters.print.incident_file import pdf_of
from andon.console.pages import PageRoute, render
from andon.console.routes.places import Incident, Reader
from andon.console.visitors import Reading
from andon.domain.readable import readable

screens = APIRouter(route_class=PageRoute, include_in_schema=False)


@screens.get("/incidents/{incident}/file")
async def page(incident: Incident, session: Reading, reading: Reader) -> Response:
    """Show the incident file in its eight parts."""
    return render("file.html", session=session, file=readable(await reading.file(incident)), zone="UTC")


@screens.get("/incidents/{incident}/file.pdf", dependencies=[])
async def pdf(incident: Incident, session: Reading, reading: Reader) -> Response:  # noqa: ARG001 - lets in
    """Hand out the incident file as a PDF."""
    content = await asyncio.to_thread(pdf_of, readable(await reading.file(incident)))
    return Response(
        content,
        media_type="application/pdf",
        headers={"Content-Disposition": f'attachment; filename="{incident}.pdf"'},
    )
