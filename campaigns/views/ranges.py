"""Parts of a stored file over HTTP (RFC 9110, section 14): what players and resumed downloads ask.

Knows neither teams nor rows: who may have the file was decided before.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse

PIECE = 256 * 1024
_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})", re.ASCII)


class Unsatisfiable(ValueError):
    """The range lies outside the file."""


def wanted(header: str, size: int) -> tuple[int, int] | None:
    """First and last byte of a Range header, or None for the whole file.

    Several ranges and words nobody knows mean the whole file, as the standard allows. Raises
    Unsatisfiable.
    """
    found = _RANGE.fullmatch(header.replace(" ", "").lower())
    if found is None or not (found[1] or found[2]):
        return None
    if not found[1]:
        first, last = max(0, size - int(found[2])), size - 1
    else:
        first, last = int(found[1]), min(int(found[2] or size - 1), size - 1)
        if found[2] and int(found[2]) < first:
            return None
    if first >= size or (not found[1] and int(found[2]) == 0):
        raise Unsatisfiable(header)
    return first, last


def answer(
    request: HttpRequest, *, opener: Callable[[], Any], size: int, etag: str, content_type: str
) -> HttpResponseBase:
    """The whole file, a part of it (206), 304 or 416. `opener` gives a seekable reader.

    `etag` is strong and quoted. Raises what `opener` raises.
    """
    response: HttpResponseBase
    if request.headers.get("If-None-Match", "") in {etag, f"W/{etag}", "*"}:
        response = HttpResponse(status=304)
        response["ETag"] = etag
        return response
    header = request.headers.get("Range", "")
    if request.headers.get("If-Range", etag) != etag or request.method not in {"GET", "HEAD"}:
        header = ""
    try:
        part = wanted(header, size)
    except Unsatisfiable:
        response = HttpResponse(status=416, content_type="text/plain")
        response["Content-Range"] = f"bytes */{size}"
        return response
    first, last = part or (0, size - 1)
    count = last - first + 1
    if request.method == "HEAD":
        response = HttpResponse(content_type=content_type)
    else:
        response = StreamingHttpResponse(_Part(opener(), first, count), content_type=content_type)
    if part:
        response.status_code = 206
        response["Content-Range"] = f"bytes {first}-{last}/{size}"
    response["Content-Length"] = str(count)
    response["Accept-Ranges"] = "bytes"
    response["ETag"] = etag
    return response


class _Part:
    """`count` bytes from `first`, in pieces; closed by the response, also when nobody reads it."""

    def __init__(self, source: Any, first: int, count: int) -> None:
        self._source, self._first, self._left = source, first, count

    def __iter__(self) -> Iterator[bytes]:
        self._source.seek(self._first)
        while self._left > 0 and (piece := self._source.read(min(PIECE, self._left))):
            self._left -= len(piece)
            yield piece

    def close(self) -> None:
        self._source.close()
