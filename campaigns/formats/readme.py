"""README.txt of a package, for the person who uploads it: what is where and which switch to set.

Holds names and notes while it grows, never a file's content.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from textwrap import fill

from campaigns.formats import manifest, specs
from campaigns.formats.part import Thumb, no_thumb
from campaigns.formats.spec import Disclosure

_WIDTH = 78
AI = {
    "none": "no AI was used to make or change the picture",
    "ai_modified": "a photograph that AI changed",
    "ai_generated": "made by AI",
    "unknown": "not declared; ask before you publish it",
}
_SHEETS = {
    "bulk/meta_ads_import.csv": (
        "for Meta Ads Manager (Ads Reporting, Import & export). Ads go into existing "
        "campaigns and ad sets of these names and come in PAUSED; budgets and targets are not in "
        "the sheet. Add the links, and the image hash or video id after the upload."
    ),
    "bulk/google_ads_editor.csv": (
        "for Google Ads Editor (Account, Import, From file). Clips only. Ads go into existing "
        "campaigns and ad groups of these names and come in paused; budgets and bids are not in "
        "the sheet. Upload the clips to YouTube first and fill in Video ID 1 and the final URL. "
        "Stills are added by hand."
    ),
    "bulk/tiktok_paste_sheet_1.csv": (
        "a paste sheet, not an import file: TikTok takes back only the template that the same "
        "account exported. Export it there, paste the cells, import it."
    ),
}


class Readme:
    """Written last: it names the other parts, so those are closed before."""

    def __init__(self, folder: Path, *, title: str) -> None:
        self._file = folder / "README.txt"
        self._title = _plain(title)
        self._by_platform: dict[str, dict[str, list[str]]] = {}
        self._actions: dict[tuple[str, str], list[str]] = {}
        self._signed = 0
        self.others: list[str] = []
        self.guarded = 0

    def add(self, entry: manifest.Entry, thumb: Thumb = no_thumb) -> None:
        """Note a file's name and what a person should look at."""
        files = self._by_platform.setdefault(entry.platform, {})
        lines = files.setdefault(entry.disclosure.ai_status, [])
        actions = self._actions.setdefault((entry.platform, entry.disclosure.ai_status), [])
        if entry.disclosure.action not in actions:  # files may be of several versions of limits
            actions.append(entry.disclosure.action)
        length = f", {entry.duration_s:.1f} s" if entry.duration_s else ""
        lines.append(_plain(entry.path or entry.file_name))
        lines.append(f"    {entry.width} x {entry.height}{length}, for: {_plain(entry.placement)}")
        lines += [f"    Note: {note}" for note in _notes(entry)]
        self._signed += entry.disclosure.c2pa == "signed"

    def close(self) -> list[tuple[str, Path]]:
        """Write it, in UTF-8 with CRLF (Windows' editor of old needs it)."""
        lines = [
            self._title,
            "=" * min(_WIDTH, len(self._title)),
            "",
            _wrap(
                "The folders are campaign, ad set, platform; each file is in the platform's size "
                "and format already. The name of each file holds its creative code (CR and six "
                "characters). Keep the code in the name of the ad or in utm_content: results find "
                "their way back by it."
            ),
            "",
            *self._switches(),
        ]
        for platform, files in self._by_platform.items():
            name = specs.file_of(platform).name
            lines += [name, "-" * len(name)]
            for status, of_status in files.items():
                lines += [f"({AI[status]})", *of_status]
            lines.append("")
        lines += self._beside()
        text = "\r\n".join("\n".join(lines).splitlines()) + "\r\n"
        self._file.write_bytes(text.encode("utf-8", "replace"))
        return [("README.txt", self._file)]

    def _switches(self) -> list[str]:
        """What stands first: the switch to set on each platform, by what its files are."""
        lines = ["Set these switches", "------------------"]
        for platform, files in self._by_platform.items():
            name = specs.file_of(platform).name
            for status in files:
                about = f"{name}, {AI[status]}" if len(files) > 1 else name
                lines += [_wrap(f"{about}: {what}") for what in self._actions[platform, status]]
        signed = (
            f" {self._signed} {'file is' if self._signed == 1 else 'files are'} signed (Content "
            "Credentials): a certificate that no platform knows reads as valid but untrusted."
            if self._signed
            else ""
        )
        return [
            *lines,
            "",
            _wrap(
                "Each file also says in its metadata how it was made. That is no promise that a "
                "platform shows a label, and platforms may strip it, so set the switches."
                f"{signed} This is a reading of the platforms' public rules, not legal advice."
            ),
            "",
        ]

    def _beside(self) -> list[str]:
        lines = ["Beside the folders", "------------------"]
        about = {
            "manifest.csv": "one row a file: size, checks, crop, approval, texts, cost of its "
            "master. The last four columns are empty: fill in the ad id after the upload.",
            "manifest.json": "the same in full, with every step on the way and all checks.",
            "contact_sheet.html": "all creatives on one page to show and to sign; opens offline.",
            **{path: words for path, words in _SHEETS.items() if path in self.others},
        }
        for path, words in about.items():
            lines += [path, fill(words, _WIDTH, initial_indent="    ", subsequent_indent="    ")]
        if self.guarded:
            lines += [
                "",
                _wrap(
                    f"In the sheets below bulk, {self.guarded} texts begin with a sign that a "
                    "spreadsheet would run as a formula (= + - @), so an apostrophe stands before "
                    "them. Take it away in the ad manager."
                ),
            ]
        return lines


def disclosure_action(steps: Disclosure | None, ai_status: str) -> str:
    """What a person has to do for a file of this AI status, in plain words; `steps` are those of
    the limits that the file was made for."""
    if steps is None:
        return ""
    if ai_status == "unknown":
        return f"Find out first whether AI was used. If so: {steps.when_ai}"
    return steps.when_not_ai if ai_status == "none" else steps.when_ai


def _notes(entry: manifest.Entry) -> list[str]:
    return [
        _plain(f"{finding.get('label')}: {finding.get('value_text')}. {_cure(finding)}")
        for finding in entry.findings
        if finding.get("verdict") in {"warn", "fail"}
    ]


def _cure(finding: Mapping[str, str]) -> str:
    """What to do about it, or who let it pass and why."""
    if finding.get("waived_by"):
        return f"Let pass by {finding['waived_by']}: {finding.get('waived_why', '')}"
    return finding.get("remedy", "")


def _plain(text: str) -> str:
    return " ".join(text.split())


def _wrap(text: str) -> str:
    return fill(text, _WIDTH, break_long_words=False, break_on_hyphens=False)
