"""How much of what was put into texts is found, and how much that is nothing is left alone."""

from __future__ import annotations

import json
import time
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from andon.adapters.redaction.patterns import ALL_PASSES
from andon.adapters.redaction.scan import Hit, scan
from andon.adapters.redaction.views import redacted
from andon.domain.redaction import NOT_PROMISED, RULES
from tests.redaction.generator import LOCALES, Sample, conversation, samples

PROMISED = 0.98
NEGATIVES = (Path(__file__).with_name("negatives.txt")).read_text().splitlines()
LONG = 100_000
SECONDS = 10.0
"""Of processor time, on a busy machine; what backtracks or looks at everything twice would take minutes."""


def covered(sample: Sample, hits: list[Hit]) -> bool:
    """Whether no letter or digit of what is to be hidden stays in sight."""
    hidden = {position for hit in hits for position in range(hit.start, hit.end)}
    return all(
        position in hidden
        for label in sample.labels
        for position in range(label.start, label.end)
        if sample.text[position].isalnum()
    )


def test_identifiers_are_found_and_little_else(capsys: pytest.CaptureFixture[str]) -> None:
    seen: Counter[tuple[str, str]] = Counter()
    found: Counter[tuple[str, str]] = Counter()
    hits = wrong = 0
    for sample in samples(seed=20260301, count=6000):
        (label,) = sample.labels
        recognised = scan(sample.text, ALL_PASSES)
        key = (sample.locale, label.kind)
        seen[key] += 1
        found[key] += covered(sample, recognised)
        hits += len(recognised)
        wrong += sum(1 for hit in recognised if hit.end <= label.start or hit.start >= label.end)
    kinds = sorted({kind for _, kind in seen})
    recall = {kind: _share(found, seen, lambda key, kind=kind: key[1] == kind) for kind in kinds}
    locales = {
        locale: _share(found, seen, lambda key, locale=locale: key[0] == locale and key[1] != "name")
        for locale in LOCALES
    }
    touched = [line for line in NEGATIVES if scan(line, ALL_PASSES)]
    precision = (hits - wrong) / (hits + len(touched))
    with capsys.disabled():
        print(f"\nrecall by kind: { {kind: round(share, 4) for kind, share in recall.items()} }")
        print(f"recall by locale, no names: { {name: round(share, 4) for name, share in locales.items()} }")
        print(f"precision {precision:.4f}; {len(touched)} of {len(NEGATIVES)} negatives touched: {touched}")
        print(f"names (reported, not promised): {recall['name']:.3f}")
    assert {kind: share for kind, share in recall.items() if share < PROMISED and kind != "name"} == {}
    assert min(locales.values()) >= PROMISED
    assert len(NEGATIVES) >= 200
    assert len(touched) <= len(NEGATIVES) * 0.05


def _share(found: Counter[tuple[str, str]], seen: Counter[tuple[str, str]], fits) -> float:  # type: ignore[no-untyped-def]
    return sum(count for key, count in found.items() if fits(key)) / sum(
        count for key, count in seen.items() if fits(key)
    )


def test_nothing_stays_in_a_conversation_of_json_within_json() -> None:
    content, held = conversation(seed=7, count=400)
    shown = redacted(content, "application/json").content.decode()
    plain = shown.replace("\\", "")
    for sample in held:
        for label in sample.labels:
            if label.kind not in ("name", "private_key"):
                assert sample.value(label) not in plain, (label.kind, sample.text)
    inner = json.loads(json.loads(shown)["gen_ai.input.messages"])
    assert len(inner) == len(held)


def test_every_rule_has_a_category_and_a_shape_or_a_name() -> None:
    shaped = {shape.rule for one in ALL_PASSES for shape in one.shapes}
    assert shaped == set(RULES)
    assert shaped > NOT_PROMISED


@given(st.text(alphabet=st.sampled_from("abcAK49 0123@.:-+/()=_e"), max_size=120))
@settings(max_examples=300, deadline=None)
def test_bytes_and_characters_give_the_same_passages(text: str) -> None:
    as_characters = [hit for hit in scan(f"{text}\n\u00e4", ALL_PASSES) if hit.end <= len(text)]
    assert scan(text, ALL_PASSES) == as_characters


@given(st.text(max_size=300))
@settings(max_examples=300, deadline=None)
def test_any_text_can_be_redacted_and_a_view_holds_nothing_more_to_find(text: str) -> None:
    once = redacted(text.encode("utf-8", "replace"), "text/plain").content
    redacted(once, "text/plain")
    json.loads(redacted(json.dumps({"a": text, text: [text]}).encode(), "application/json").content)


@pytest.mark.parametrize(
    "piece",
    [
        *"a1(@{[:",
        "\u3042",
        "1-",
        "0 ",
        "a@",
        "a.",
        "+1 ",
        "::",
        "eyJ",
        "4111 ",
        "DE89 ",
        "Aa ",
        '{"a":',
        "key=",
        "-----BEGIN",
    ],
)
def test_hostile_text_takes_no_longer_than_other_text(piece: str) -> None:
    text = (piece * (LONG // len(piece))).encode()
    began = time.process_time()
    redacted(text, "application/json")
    assert time.process_time() - began < SECONDS
