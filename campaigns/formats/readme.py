"""README.txt of a package, for the person who uploads it: what is where and which switch to set."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from textwrap import fill

from campaigns.formats import manifest, specs

_WIDTH = 78
_AI = {
    "none": "no AI was used to make or change the picture",
    "ai_modified": "a photograph that AI changed",
    "ai_generated": "made by AI",
    "unknown": "not declared; ask before you publish it",
}


def to_bytes(*, title: str, entries: Iterable[manifest.Entry], made_at: str = "") -> bytes:
    """The text in UTF-8 with CRLF (Windows' editor of old needs it).

    `made_at` is ISO 8601; leave it out where the same input must give the same bytes.
    """
    files = sorted(entries, key=lambda entry: (entry.platform, entry.file_name))
    lines = [_plain(title), "=" * min(_WIDTH, len(_plain(title))), ""]
    if made_at:
        lines += [f"Made {made_at} with Switchyard.", ""]
    lines += [
        _wrap(
            "Each folder holds the files for one platform, already in its size and format. "
            "The name of each file ends in its creative code (CR and six characters). Keep the "
            "code in the name of the ad or in utm_content: results find their way back by it."
        ),
        "",
    ]
    for platform in dict.fromkeys(entry.platform for entry in files):
        lines += _platform(platform, [entry for entry in files if entry.platform == platform])
    lines += [
        "Beside the folders",
        "------------------",
        "manifest.csv   one row a file: size, checks, crop, approval, texts, cost. The last",
        "               four columns are empty: fill in the ad id after the upload.",
        "manifest.json  the same in full, with every step on the way and all checks.",
        "",
        _wrap(
            "A label embedded in a file is no promise that a platform shows one, and platforms "
            "may strip it. Set the switches named above. This is a reading of the platforms' "
            "public rules, not legal advice."
        ),
    ]
    return ("\r\n".join("\n".join(lines).splitlines()) + "\r\n").encode("utf-8", "replace")


def disclosure_action(platform: str, ai_status: str) -> str:
    """What a person has to do on `platform` for a file of this AI status, in plain words."""
    steps = specs.for_platform(platform, "still").disclosure
    if steps is None:
        return ""
    if ai_status == "unknown":
        return f"Find out first whether AI was used. If so: {steps.when_ai}"
    return steps.when_not_ai if ai_status == "none" else steps.when_ai


def _platform(platform: str, files: Sequence[manifest.Entry]) -> list[str]:
    name = specs.file_of(platform).name
    lines = [name, "-" * len(name)]
    for entry in files:
        length = f", {entry.duration_s:.1f} s" if entry.duration_s else ""
        lines.append(_plain(entry.file_name))
        lines.append(f"    {entry.width} x {entry.height}{length}, for: {_plain(entry.placement)}")
        lines.append(f"    {_AI[entry.disclosure.ai_status]}")
        lines += [f"    Note: {note}" for note in _notes(entry)]
    lines.append("")
    for status in dict.fromkeys(entry.disclosure.ai_status for entry in files):
        lines.append(_wrap(f"AI label ({_AI[status]}): {disclosure_action(platform, status)}"))
    return [*lines, ""]


def _notes(entry: manifest.Entry) -> list[str]:
    return [
        _plain(f"{finding.get('label')}: {finding.get('value_text')}. {finding.get('remedy', '')}")
        for finding in entry.findings
        if finding.get("verdict") in {"warn", "fail"}
    ]


def _plain(text: str) -> str:
    return " ".join(text.split())


def _wrap(text: str) -> str:
    return fill(text, _WIDTH, break_long_words=False, break_on_hyphens=False)
