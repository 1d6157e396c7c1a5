"""contact_sheet.html: one page to look through and sign, for clients, without a server or a script.

Thumbnails stand in the page itself and a policy in it forbids everything else, so it opens offline
and asks nobody. One card a creative with its files side by side.
"""

from __future__ import annotations

from base64 import b64encode
from html import escape
from pathlib import Path
from typing import BinaryIO

from campaigns.formats import manifest, specs
from campaigns.formats.manifest import Entry
from campaigns.formats.part import Thumb, no_thumb

_AI = {
    "none": "No AI",
    "ai_modified": "Changed with AI",
    "ai_generated": "Made by AI",
    "unknown": "Not declared",
}
_STYLE = """
:root { color-scheme: light dark; --ink: #17191f; --soft: #5b6070; --line: #d8dbe2; --paper: #fff;
 --ground: #f4f5f7; }
@media (prefers-color-scheme: dark) { :root { --ink: #eceef3; --soft: #a3a9b8; --line: #3a3f4b;
 --paper: #1c1f26; --ground: #121419; } }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 24px 16px 48px; max-width: 1180px; color: var(--ink);
 background: var(--ground); font: 15px/1.45 system-ui, sans-serif; }
h1 { margin: 0 0 4px; font-size: 24px; } h2 { margin: 32px 0 8px; font-size: 18px; }
h3 { margin: 0; font-size: 16px; overflow-wrap: anywhere; }
p { margin: 0; } .soft { color: var(--soft); } code { font: 13px ui-monospace, monospace; }
article { margin: 0 0 16px; padding: 16px; border: 1px solid var(--line); border-radius: 10px;
 background: var(--paper); break-inside: avoid; }
.texts { margin: 6px 0 0; }
ul { display: flex; flex-wrap: wrap; gap: 16px; margin: 14px 0; padding: 0; list-style: none; }
li { width: 168px; font-size: 13px; }
img, .blank { display: block; width: 168px; height: 299px; object-fit: contain; margin: 0 0 6px;
 border: 1px solid var(--line); border-radius: 6px; background: var(--ground); }
.name { overflow-wrap: anywhere; color: var(--soft); font-size: 12px; }
.sign { display: flex; flex-wrap: wrap; gap: 8px 28px; align-items: end; padding-top: 12px;
 border-top: 1px solid var(--line); font-size: 14px; }
.box { display: inline-block; width: 15px; height: 15px; margin-right: 6px;
 border: 1.5px solid var(--soft); border-radius: 3px; vertical-align: -2px; }
.rule { flex: 1; min-width: 180px; border-bottom: 1px solid var(--soft); color: var(--soft); }
@media (max-width: 480px) { li, img, .blank { width: 132px; } img, .blank { height: 235px; } }
@media print { body { background: #fff; padding: 0; } article { border-color: #bbb; } }
"""
_POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"


class ContactSheet:
    """Written file by file; the files of one creative come one after the other."""

    def __init__(self, folder: Path, *, title: str) -> None:
        self._file = folder / "contact_sheet.html"
        self._target: BinaryIO = self._file.open("wb")
        self._section: tuple[str, str] | None = None
        self._card: str | None = None
        self._put(
            '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
            f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
            '<meta name="viewport" content="width=device-width, initial-scale=1">'
            f"<title>{escape(title)}</title><style>{_STYLE}</style></head>\n<body>"
            f"<header><h1>{escape(title)}</h1>"
            '<p class="soft">Contact sheet for approval. The pictures are small copies; the files '
            "themselves lie in the folders beside this page.</p></header>\n<main>"
        )

    def add(self, entry: Entry, thumb: Thumb = no_thumb) -> None:
        """One file, in the card of its creative."""
        section = (entry.campaign_name, entry.ad_set_name)
        card = entry.creative_code or entry.master_id
        if self._card is not None and (section, card) != (self._section, self._card):
            self._end_card()
        if section != self._section:
            self._put(f"<h2>{escape(section[0])} · {escape(section[1])}</h2>\n")
            self._section = section
        if self._card is None:
            self._begin_card(entry)
            self._card = card
        self._put(self._item(entry, thumb()))

    def close(self) -> list[tuple[str, Path]]:
        """Finish."""
        if self._card is not None:
            self._end_card()
        self._put("</main></body></html>\n")
        self._target.close()
        return [("contact_sheet.html", self._file)]

    def _begin_card(self, entry: Entry) -> None:
        self._put(
            f"<article><h3>{escape(entry.title)}</h3>"
            f'<p class="soft"><code>{escape(entry.creative_code)}</code> · '
            f"{escape(entry.language)} · version {entry.version} · "
            f"{_AI[entry.disclosure.ai_status]}</p>{_texts(entry)}<ul>\n"
        )

    def _end_card(self) -> None:
        self._put(
            '</ul><div class="sign"><span><i class="box"></i>Approved</span>'
            '<span><i class="box"></i>Approved with changes</span>'
            '<span><i class="box"></i>Not approved</span>'
            '<span class="rule">Name, date, remarks</span></div></article>\n'
        )
        self._card = None

    def _item(self, entry: Entry, thumb: bytes) -> str:
        platform = specs.file_of(entry.platform).name
        length = f", {entry.duration_s:.1f} s" if entry.duration_s else ""
        size = f"{entry.width} × {entry.height}{length}"
        about = f"{entry.title}, {platform} {entry.kind}"
        kind = _mime(thumb)
        picture = (
            f'<img src="data:{kind};base64,{b64encode(thumb).decode()}" alt="{escape(about)}" '
            'width="168" height="299">'
            if kind
            else '<span class="blank"></span>'
        )
        return (
            f"<li>{picture}<p><strong>{escape(platform)}</strong> {entry.kind}</p>"
            f'<p class="soft">{size} · {manifest.ratio_text(entry.width, entry.height)}</p>'
            f'<p class="name">{escape(entry.file_name)}</p></li>\n'
        )

    def _put(self, text: str) -> None:
        self._target.write(text.encode("utf-8", "replace"))


def _texts(entry: Entry) -> str:
    words = {"headline": "Headline", "primary_text": "Text", "cta": "Button"}
    return "".join(
        f'<p class="texts" dir="auto"><span class="soft">{label}:</span> '
        f"{escape(entry.texts[key])}</p>"
        for key, label in words.items()
        if entry.texts.get(key)
    )


def _mime(content: bytes) -> str:
    """The type of a thumbnail by its first bytes; "" for nothing or something else."""
    if content.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if content.startswith(b"\x89PNG"):
        return "image/png"
    return "image/webp" if content[:4] == b"RIFF" and content[8:12] == b"WEBP" else ""
