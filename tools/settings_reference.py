"""Make docs/reference/settings.md from the settings, or with --check say whether it differs."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

from pydantic import BaseModel, SecretStr
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

ROOT: Final = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from andon.config import SETTINGS_FILE_VARIABLE, Settings  # noqa: E402 - after the path is set

PAGE: Final = ROOT / "docs" / "reference" / "settings.md"

HEAD: Final = f"""\
# Settings

Made from `andon/config.py` and `andon/settings/` by `tools/settings_reference.py`.

Every Andon process reads the same settings once, when it starts: first the JSON file that
`{SETTINGS_FILE_VARIABLE}` names, then the environment over it. `andon up` writes that file to `settings.json`
in its data folder, so with the embedded stack there is nothing to set. In production a person or a chart
writes it. An unknown name in the file is refused.

```json
{{"temporal": {{"address": "temporal.example:7233"}}, "store": {{"bucket": "evidence"}}}}
```

In the environment two underscores stand between levels: `ANDON_TEMPORAL__ADDRESS=temporal.example:7233`.
Durations are ISO 8601 (`P400D`, `PT30M`). Secrets are never printed or logged; keep the file readable by its
owner only.
"""


def page() -> str:
    """Return docs/reference/settings.md as it must be."""
    plain = {name: field for name, field in Settings.model_fields.items() if not _is_section(field)}
    lines = [HEAD, "## General", "", *_table(plain, "ANDON_", "")]
    for name, field in Settings.model_fields.items():
        section = field.annotation
        if isinstance(section, type) and issubclass(section, BaseModel):
            about = " ".join((section.__doc__ or "").split())
            lines += ["", f"## {name}", "", about, ""]
            lines += _table(section.model_fields, f"ANDON_{name.upper()}__", f"{name}.")
    return "\n".join(lines) + "\n"


def _table(fields: dict[str, FieldInfo], prefix: str, place: str) -> Iterator[str]:
    yield "| setting | variable | default | meaning |"
    yield "|---|---|---|---|"
    for name, field in fields.items():
        meaning = field.description or ""
        yield f"| `{place}{name}` | `{prefix}{name.upper()}` | {_default(field)} | {meaning} |"


def _default(field: FieldInfo) -> str:
    value: Any = field.get_default(call_default_factory=True, validated_data={})
    if value is PydanticUndefined:
        return "none: must be set"
    if isinstance(value, SecretStr):
        return "empty; a secret"
    if isinstance(value, timedelta):
        return f"`{_iso(value)}`"
    return f"`{value}`" if str(value) else "empty"


def _iso(value: timedelta) -> str:
    if value % timedelta(days=1) == timedelta(0):
        return f"P{value.days}D"
    return f"PT{int(value.total_seconds())}S"


def _is_section(field: FieldInfo) -> bool:
    return isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel)


def main() -> int:
    """Write the page, or with --check change nothing; 0 if all is well, else 1."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; fail if the page is out of date")
    made = page()
    if not parser.parse_args().check:
        PAGE.write_text(made, "utf-8")
    elif not PAGE.is_file() or PAGE.read_text("utf-8") != made:
        print("docs/reference/settings.md is out of date: run tools/settings_reference.py", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
