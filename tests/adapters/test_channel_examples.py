"""Each channel on the page about notices is one that can be used."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml
from apprise import Apprise

from andon.domain.directory import Directory
from andon.domain.severity import Band

pytestmark = pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning")

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "notices.md"
BLOCKS = [yaml.safe_load(block) for block in re.findall(r"```yaml\n(.*?)```", PAGE.read_text(), re.DOTALL)]


def test_the_people_on_the_page_make_a_directory() -> None:
    (lena,) = Directory.model_validate(BLOCKS[0]).people
    assert [(way.kind, way.from_severity, way.quiet) for way in lena.ways] == [
        ("slack", Band.LOW, ()),
        ("mailtos", Band.LOW, ("22:00-07:00",)),
        ("twilio", Band.HIGH, ()),
    ]
    assert all(Apprise().add(way.url) for way in lena.ways)


@pytest.mark.parametrize("url", BLOCKS[1]["channels"], ids=lambda url: url.split(":", 1)[0])
def test_each_example_is_a_channel(url: str) -> None:
    assert Apprise().add(url)
