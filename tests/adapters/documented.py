"""Examples in docs/reference, taken from their page and run as somebody else's package would be."""

from __future__ import annotations

import importlib.util
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Example:
    """The example after `## Write your own` of a page."""

    page: str
    module: str

    @property
    def text(self) -> str:
        """The page."""
        return (ROOT / "docs" / "reference" / self.page).read_text("utf-8")

    def block(self, language: str) -> str:
        """The one example of its language after the title."""
        found = re.search(rf"```{language}\n(.*?)```", self.text.partition("## Write your own")[2], re.DOTALL)
        assert found is not None
        return found[1]

    def load(self, folder: Path) -> ModuleType:
        """Return the example as a module, written into a folder."""
        file = folder / f"{self.module}.py"
        file.write_text(self.block("python"))
        spec = importlib.util.spec_from_file_location(self.module, file)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module

    def installed_says(self, folder: Path, group: str, code: str) -> str:
        """Return what code prints in a process of its own, once the example is installed as a package."""
        project = self.module.replace("_", "-")
        named = folder / f"{self.module}-1.dist-info"
        named.mkdir()
        (named / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {project}\nVersion: 1\n")
        lines = self.block("toml").splitlines()
        assert lines[0] == f'[project.entry-points."{group}"]'
        (named / "entry_points.txt").write_text(f"[{group}]\n" + lines[1].replace('"', "") + "\n")
        ran = subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, "PYTHONPATH": f"{folder}{os.pathsep}{ROOT}"},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert ran.returncode == 0, ran.stderr
        return ran.stdout
