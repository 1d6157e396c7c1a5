"""The answer to a page that asks whether something changed: 204, or the fragment anew."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render


def answer(
    request: HttpRequest, template: str, context: dict[str, Any], *, version: str, running: bool
) -> HttpResponse:
    """204 when the page shows `version` already; headers say how often to ask."""
    if request.headers.get("X-Version") == version:
        found = HttpResponse(status=204)
    else:
        found = render(request, template, context)
        found["X-Version"] = version
    found["X-Running"] = str(int(running))
    found["Cache-Control"] = "no-store"
    return found
