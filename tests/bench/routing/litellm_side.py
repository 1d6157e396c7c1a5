"""Finding LiteLLM and talking to it: a child process of the Python that has it.

It never enters the project's own environment: its packages would have to be locked for everybody.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[3]
SCRIPT = Path(__file__).with_name("litellm_rows.py")
VERSION = "1.106.2"
HOME = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "switchyard"
VARIABLE = "SWITCHYARD_BENCH_LITELLM"
HOW = (
    f"To let LiteLLM's own package pick: bin/bench routing --install-litellm (once; makes {HOME}/"
    f"litellm), or set {VARIABLE} to a Python that has litellm and numpy."
)


def interpreter() -> Path | None:
    """The Python that has LiteLLM, or None."""
    named = os.environ.get(VARIABLE)
    if named:
        return Path(named)
    own = HOME / "litellm" / "bin" / "python"
    return own if own.exists() else None


def install() -> Path:
    """Make an environment for LiteLLM in the user's cache. Returns its Python."""
    home = HOME / "litellm"
    subprocess.run([sys.executable, "-m", "venv", "--clear", str(home)], check=True)
    python = home / "bin" / "python"
    packages = [f"litellm=={VERSION}", "numpy>=1.26"]
    subprocess.run(
        [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *packages],
        check=True,
    )
    return python


class Side:
    """The child process. `version` is LiteLLM's own."""

    def __init__(self, python: Path) -> None:
        self._child = subprocess.Popen(
            [str(python), str(SCRIPT)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env={"PATH": os.environ.get("PATH", ""), "PYTHONPATH": str(ROOT)},
        )
        try:
            self.version = str(self._answer()["litellm"])
        except RuntimeError as error:
            raise RuntimeError(f"{python} has no usable litellm. {HOW}") from error

    def ask(self, job: dict[str, Any]) -> dict[str, list[float]]:
        """The answer to one job (see the script)."""
        assert self._child.stdin is not None
        self._child.stdin.write(json.dumps(job) + "\n")
        self._child.stdin.flush()
        return self._answer()

    def close(self) -> None:
        """Let the child end."""
        if self._child.stdin is not None:
            self._child.stdin.close()
        self._child.wait(timeout=30)

    def _answer(self) -> Any:
        assert self._child.stdout is not None
        line = self._child.stdout.readline()
        if not line:
            raise RuntimeError("the LiteLLM process ended without an answer")
        return json.loads(line)
