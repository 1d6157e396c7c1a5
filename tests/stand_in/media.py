"""Serving outputs: the bytes of a job's output, and everything that can be wrong with a file."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from tests.stand_in import pictures
from tests.stand_in.state import Job, State
from tests.stand_in.wire import Exchange, Reply, said, spoiled

HTML = b"<!doctype html><html><body><script>alert(1)</script>Sign in</body></html>"
SVG = (
    b'<svg xmlns="http://www.w3.org/2000/svg" width="64" height="64">'
    b"<script>alert(1)</script><rect width='64' height='64'/></svg>"
)
INNER = "http://169.254.169.254/latest/meta-data/"
CLOSED = "http://127.0.0.1:1/inner.png"
FOREIGN = "https://elsewhere.example/files/out.png"


def render(state: State, made: Mapping[str, Any]) -> bytes:
    """The bytes of an output described by plain values."""
    given = {
        name: state.files.read(made[name]) if made.get(name) else None
        for name in ("source", "mask", "face")
    }
    if made["form"] == "mp4":
        return pictures.clip(
            width=made["width"], height=made["height"], seconds=made["seconds"],
            seed=made["seed"], source=given["source"],
        )  # fmt: skip
    return pictures.picture(
        width=made["width"], height=made["height"], seed=made["seed"], form=made["form"],
        source=given["source"], mask=given["mask"], face=given["face"],
        cut_out=bool(made.get("cut_out")), black=bool(made.get("black")),
    )  # fmt: skip


def bent(data: bytes, kind: str, found: Mapping[str, Any]) -> tuple[bytes, str]:
    """Bytes and type after the faults that change the file itself."""
    if "media_html" in found:
        return HTML, "text/html"
    if "media_html_as_image" in found:
        return HTML, kind
    if "media_svg" in found:
        return SVG, "image/svg+xml"
    if "media_polyglot" in found:
        return data + HTML, kind
    if "media_bomb" in found:
        return pictures.bomb(), "image/png"
    if "media_truncated" in found:
        return data[: len(data) // 2], kind
    if "media_empty" in found:
        return b"", kind
    return data, kind


def serve(x: Exchange, job: Job, position: int) -> Reply:
    """One output over HTTP, with the faults of the step `media`."""
    found = x.server.due(x, "media", job)
    if "drop_before_accept" in found:
        return Reply(manner="drop")
    for name in found:
        status = re.fullmatch(r"(?:media|http)_(\d{3})(?:_\w+)?", name)
        if status:
            headers = {"retry-after": str(found[name] or 2)} if status[1] == "429" else {}
            return replace(
                said({"detail": "Not available"}, int(status[1]), **headers),
                body=b"" if status[1] == "410" else b'{"detail":"Not available"}',
            )
    if "redirect_inner" in found:
        return Reply(302, {"location": CLOSED})
    if "redirect_foreign" in found:
        return Reply(302, {"location": FOREIGN})
    if "redirect_loop" in found:
        return Reply(302, {"location": x.path})
    if position >= len(job.outputs):
        return said({"detail": "Not found"}, 404)
    made = job.outputs[position]
    data, kind = bent(render(x.server.state, made), pictures.KINDS[made["form"]], found)
    reply = Reply(200, {"content-type": kind}, data)
    if "media_cut_off" in found:  # the length is announced, the connection ends before it
        return replace(reply, body=data[: len(data) // 2], manner="lie")
    if "media_lies_about_length" in found:
        return replace(reply, manner="lie")
    if "media_endless" in found:
        return replace(reply, manner="endless")
    if "media_endless_drip" in found:
        return replace(reply, manner="endless", seconds=float(found["media_endless_drip"] or 0.5))
    return spoiled(reply, found)


def address(found: Mapping[str, Any], usual: str) -> str:
    """The address a result names for an output."""
    if "result_url_inner" in found:
        return INNER
    if "result_url_closed" in found:
        return CLOSED
    if "result_url_foreign" in found:
        return FOREIGN
    if "result_url_file" in found:
        return "file:///etc/passwd"
    return usual


def counted(outputs: list[dict[str, Any]], found: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The outputs as they come out: fewer, more, another size, shorter, black."""
    made = [dict(one) for one in outputs]
    if "fewer_outputs" in found:
        made = made[: max(1, len(made) - 1)] if len(made) > 1 else made
    if "more_outputs" in found:
        made.append(dict(made[-1]) | {"seed": made[-1]["seed"] + 1})
    if "wrong_size" in found:
        for one in made:
            one["width"], one["height"] = one["width"] // 4 * 2, one["height"] // 2 * 2
    if "tiny" in found:
        for one in made:
            one["width"] = one["height"] = 96
    if "short_video" in found:
        for one in made:
            if "seconds" in one:
                one["seconds"] = round(one["seconds"] * 0.8, 2)
    flagged = range(len(made)) if "nsfw_all" in found else range(1) if "nsfw_one" in found else ()
    for position in flagged:
        made[position]["black"] = True
        made[position]["nsfw"] = True
    if "empty_output" in found:
        made = []
    return made
