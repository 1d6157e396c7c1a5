"""The corpus of broken, hostile and odd files, and the page made of it.

`python -m tests.imaging.hostile` writes docs/odd-files.md anew.
"""

from __future__ import annotations

from pathlib import Path

from tests.imaging import odd_clips, odd_stills
from tests.imaging.odd_cases import Odd, Taken

GROUPS: dict[str, list[Odd]] = {**odd_stills.ALL, **odd_clips.ALL}
ALL: dict[str, Odd] = {odd.name: odd for group in GROUPS.values() for odd in group}
PAGE = Path(__file__).resolve().parents[2] / "docs" / "odd-files.md"
PEAK_BYTES = 900_000_000  # of the child, with the largest picture that is taken


def page() -> str:
    """The table of the corpus in Markdown."""
    count = sum(map(len, GROUPS.values()))
    parts = [
        "# Odd files",
        "",
        f"Made by `python -m tests.imaging.hostile` from the {count} files that",
        "`tests/imaging/test_hostile.py` makes and sends through the child that reads every upload",
        "and every provider's output. Each must end as this table says, the child may never hold",
        f"more than {PEAK_BYTES // 10**6} MB, and a good file must come in after all of them.",
        "",
    ]
    for title, group in GROUPS.items():
        parts += [f"## {title}", "", "| file | what is odd | how it ends |", "|---|---|---|"]
        parts += [f"| `{_name(odd.name)}` | {odd.what} | {_end(odd)} |" for odd in group]
        parts.append("")
    return "\n".join(parts)


def _name(name: str) -> str:
    shown = name.encode("unicode_escape").decode().replace("|", "\\|")
    return shown if len(shown) < 40 else f"{shown[:20]}…"


def _end(odd: Odd) -> str:
    if isinstance(odd.ends, Taken):
        width, height = odd.ends.size
        notes = "".join(f"; note: {note}" for note in odd.ends.notes)
        return f"taken, {width} × {height}{notes}"
    return f"refused: {odd.ends.words}"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
