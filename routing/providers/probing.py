"""Asks providers what their models take now. Every question here is free and changes nothing.

One class a provider: endpoints in, one `Look` each out. What an answer means is schemas.py's
matter; sockets are the transport's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol
from urllib.parse import quote, urlencode

from routing.providers import comfyui, schemas
from routing.providers.endpoints import Endpoint
from routing.providers.schemas import Difference, Price, Unreadable
from routing.providers.transport import Answer, AnswerLost, NotSent, Transport

READ_S = 30.0
PRICES_AT_ONCE = 20
GONE = (404, 410)
NO_ENTRY = (401, 402, 403)
ONLY_THE_METHOD = "Google publishes no list of fields, so only the method was looked at"


@dataclass(frozen=True, slots=True)
class Look:
    """What one model said. `problem` is why it could not be asked, "" when it was; `notes` are
    worth knowing and no difference."""

    endpoint: Endpoint
    differences: tuple[Difference, ...] = ()
    price: Price | None = None
    notes: tuple[str, ...] = ()
    problem: str = ""


class Prober(Protocol):
    """Asks one provider about its models."""

    def __call__(self, rows: Sequence[Endpoint]) -> Iterator[Look]:
        """One Look a row, in their order. Raises nothing of the network."""
        ...


@dataclass(frozen=True, slots=True)
class Fal:
    """The documents stand on another host, which never gets the key; prices need it."""

    transport: Transport
    secret: str
    api: str
    documents: str

    def __call__(self, rows: Sequence[Endpoint]) -> Iterator[Look]:
        """See Prober."""
        prices, trouble = self._prices(rows)
        root = f"{self.documents.rstrip('/')}/api/openapi/queue/openapi.json"
        for row in rows:
            said = _asked(row, self.transport, f"{root}?{urlencode({'endpoint_id': row.id})}")
            look = _read(row, said, schemas.fal)
            price = prices.get(row.id)
            is_gone = any(one.code == "gone" for one in look.differences)
            notes = () if price or trouble or is_gone else ("fal lists no price for it",)
            yield replace(look, price=price, notes=notes, problem=look.problem or trouble)

    def _prices(self, rows: Sequence[Endpoint]) -> tuple[dict[str, Price], str]:
        """Prices by endpoint, and what kept some back. A list that knows none of the models it
        was asked about is an answer too."""
        found: dict[str, Price] = {}
        for start in range(0, len(rows), PRICES_AT_ONCE):
            some = rows[start : start + PRICES_AT_ONCE]
            asked = urlencode([("endpoint_id", one.id) for one in some])
            url = f"{self.api.rstrip('/')}/v1/models/pricing?{asked}"
            try:
                answer = _get(self.transport, url, {"authorization": f"Key {self.secret}"})
            except (NotSent, AnswerLost) as error:
                return found, f"the price list could not be read: {error.text}"
            if answer.status not in (200, *GONE):
                return found, f"the price list could not be read: fal answered {answer.status}"
            found |= schemas.prices(answer.json())
        return found, ""


@dataclass(frozen=True, slots=True)
class Replicate:
    """The document of the version that we run: the pinned one, else the latest."""

    transport: Transport
    secret: str
    api: str

    def __call__(self, rows: Sequence[Endpoint]) -> Iterator[Look]:
        """See Prober."""
        return (self._one(row) for row in rows)

    def _one(self, row: Endpoint) -> Look:
        headers = {"authorization": f"Bearer {self.secret}"}
        root = f"{self.api.rstrip('/')}/v1/models/{quote(row.id)}"
        said = _asked(row, self.transport, root, headers)
        if isinstance(said, Look):
            return said
        latest = said.get("latest_version")
        latest = latest if isinstance(latest, dict) else {}
        newest = str(latest.get("id") or "")
        if row.release in ("", newest):
            return _read(row, latest, _of_version)
        pinned = _asked(row, self.transport, f"{root}/versions/{row.release}", headers)
        words = f"the newest version is {newest[:12] or 'not named'}, ours is {row.release[:12]}"
        return replace(_read(row, pinned, _of_version), notes=(words,))


@dataclass(frozen=True, slots=True)
class Google:
    """What may be done with a model; its fields are nowhere to be asked for."""

    transport: Transport
    secret: str
    api: str

    def __call__(self, rows: Sequence[Endpoint]) -> Iterator[Look]:
        """See Prober."""
        for row in rows:
            url = f"{self.api.rstrip('/')}/v1/models/{quote(row.id)}"
            said = _asked(row, self.transport, url, {"x-goog-api-key": self.secret})
            yield replace(_read(row, said, _of_google), notes=(ONLY_THE_METHOD,))


@dataclass(frozen=True, slots=True)
class ComfyUI:
    """The server's list of nodes, asked for once, holds for every workflow."""

    transport: Transport
    api: str
    headers: Mapping[str, str] | None = None

    def __call__(self, rows: Sequence[Endpoint]) -> Iterator[Look]:
        """See Prober."""
        if not rows:
            return
        url = f"{self.api.rstrip('/')}/object_info"
        said = _asked(rows[0], self.transport, url, self.headers)
        if isinstance(said, Look) and said.differences:
            said = Look(rows[0], problem="there is no ComfyUI at its address")
        for row in rows:
            yield _read(row, said, _of_comfyui)


def _of_version(said: Mapping[str, Any], row: Endpoint) -> tuple[Difference, ...]:
    return schemas.replicate(said.get("openapi_schema"), row)


def _of_google(said: Mapping[str, Any], row: Endpoint) -> tuple[Difference, ...]:
    methods = said.get("supportedGenerationMethods")
    if not isinstance(methods, list):
        raise Unreadable("Google does not say what can be done with it")
    if "generateContent" in methods:
        return ()
    text = "it does not offer `generateContent`, the method we call"
    return (Difference("method", "generateContent", text),)


def _of_comfyui(said: Mapping[str, Any], row: Endpoint) -> tuple[Difference, ...]:
    return schemas.comfyui(said, comfyui.workflow(row.id), row)


def _asked(
    row: Endpoint, transport: Transport, url: str, headers: Mapping[str, str] | None = None
) -> dict[str, Any] | Look:
    """The answer to one question, or the Look that it comes to when there is none."""
    try:
        answer = _get(transport, url, headers)
    except (NotSent, AnswerLost) as error:
        return Look(row, problem=error.text)
    said = answer.json()
    match answer.status:
        case 200 if isinstance(said, dict):
            return said
        case status if status in GONE:
            return Look(row, (Difference("gone", "", "it is not offered any more (404)"),))
        case status if status in NO_ENTRY:
            return Look(row, problem=f"the key is not accepted ({status})")
        case status:
            return Look(row, problem=f"the answer was {status} and nothing usable")


def _read(
    row: Endpoint,
    said: Mapping[str, Any] | Look,
    read: Callable[[Mapping[str, Any], Endpoint], tuple[Difference, ...]],
) -> Look:
    """What an answer means for a row."""
    if isinstance(said, Look):
        return replace(said, endpoint=row)
    try:
        return Look(row, read(said, row))
    except Unreadable as error:
        return Look(row, problem=str(error))


def _get(transport: Transport, url: str, headers: Mapping[str, str] | None = None) -> Answer:
    return transport.call("GET", url, headers=headers, read_s=READ_S)
