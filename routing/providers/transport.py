"""The only place that opens sockets to providers.

One request in, one answer out, or an error that says whether anything may have left. It follows
no redirect of a call, sends nothing twice, believes no length, and connects to nothing but the
hosts it was given, at addresses that were checked when they were connected to. It decides
nothing about work or money.
"""

from __future__ import annotations

import hashlib
import ipaddress
import json
import re
import socket
import ssl
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit

import httpcore
import httpx

CONNECT_S = 10.0
READ_S = 60.0
WHOLE_S = 120.0
ANSWER_BYTES = 64 * 1024 * 1024
MOST_REDIRECTS = 3
HIDDEN = "[hidden]"
SHORTEST = 8  # characters of a key; less may be a word of an answer

_SIGNED = re.compile(r"(https?://[^\s\"'<>?#]+)\?[^\s\"'<>]*")
_KEYED = re.compile(r"(?i)\b((?:bearer|key|token)\s+)[a-z0-9_\-:.]{8,}")
_INLINE = re.compile(r"data:[a-z/+.-]+;base64,[A-Za-z0-9+/=]{40,}")


class NotSent(Exception):
    """No byte of the request left this machine; `text` says why."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.text = text


class BadAddress(NotSent):
    """The address is not one of the provider's."""


class AnswerLost(Exception):
    """The request may have arrived, but no usable answer came back."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.text = text


class TooLarge(AnswerLost):
    """The answer is longer than allowed."""


@dataclass(frozen=True, slots=True)
class Answer:
    """Status, headers (names in lower case) and the whole body."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        """The body as JSON, None when it is none."""
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError):
            return None

    @property
    def retry_after_s(self) -> float | None:
        """Seconds of the Retry-After header, None without a usable one."""
        value = self.headers.get("retry-after", "")
        return float(value) if re.fullmatch(r"\d{1,6}(\.\d+)?", value) else None


@dataclass(frozen=True, slots=True)
class Downloaded:
    """A file that was written: its size in bytes and SHA-256."""

    path: Path
    size_bytes: int
    sha256: str
    content_type: str


class _Checked(httpcore.SyncBackend):
    """Connects to addresses that were looked up and checked here, so that a name cannot point
    elsewhere between check and use."""

    def __init__(self, inner: frozenset[tuple[str, int]]) -> None:
        super().__init__()
        self._inner = inner

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        """As httpcore's, with the address checked. Raises httpcore.ConnectError."""
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:
            raise httpcore.ConnectError(f"{host} has no address") from error
        problem: Exception | None = None
        for address in dict.fromkeys(str(entry[4][0]) for entry in found):
            ip = ipaddress.ip_address(address.partition("%")[0])
            if not ip.is_global and (host, port) not in self._inner:
                raise httpcore.ConnectError(f"{host} points into a private network")
            try:
                return super().connect_tcp(address, port, timeout, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                problem = error
        raise problem or httpcore.ConnectError(f"{host} has no address")


@lru_cache(maxsize=1)
def _authorities() -> ssl.SSLContext:
    """Whom the system trusts, read once: it takes longer than all else of a client."""
    return ssl.create_default_context()


class _Line(httpx.HTTPTransport):
    """httpx's transport over connections that `_Checked` opened; it has no setting for that."""

    def __init__(self, backend: httpcore.NetworkBackend) -> None:
        super().__init__(verify=_authorities(), retries=0, trust_env=False)
        self._pool.close()
        self._pool = httpcore.ConnectionPool(
            ssl_context=_authorities(),
            max_connections=16,
            # a connection kept open may be dead when it is used again, and then nobody could say
            # whether the request arrived
            max_keepalive_connections=0,
            network_backend=backend,
        )


class Transport:
    """Talks to the hosts of one provider.

    `bases` are the addresses that calls may go to, `media_hosts` the host names files may come
    from ("*.example.com" takes in what is below). Both only over https, unless a base itself is
    http. A base may lie in a private network, a media host only where it is the host of a base.
    `secrets` are values that never appear in a text made here.
    """

    def __init__(
        self,
        *,
        bases: Iterable[str],
        media_hosts: Iterable[str] = (),
        secrets: Iterable[str] = (),
        connect_s: float = CONNECT_S,
    ) -> None:
        self._bases = frozenset(_origin(base) for base in bases)
        self._media_hosts = tuple(host.lower() for host in media_hosts)
        given = [secret for secret in secrets if secret]
        # of "id:secret" the second half alone opens the account too
        halves = [half for one in given if len(half := one.rpartition(":")[2]) >= SHORTEST]
        self._secrets = tuple(dict.fromkeys((*given, *halves)))
        self._connect_s = connect_s
        inner = frozenset((host, port) for _, host, port in self._bases)
        self._client = httpx.Client(
            transport=_Line(_Checked(inner)), follow_redirects=False, trust_env=False
        )

    def call(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        body: Any = None,
        content: bytes | None = None,
        files: Mapping[str, tuple[str, bytes, str]] | None = None,
        data: Mapping[str, str] | None = None,
        read_s: float = READ_S,
        whole_s: float = WHOLE_S,
        most_bytes: int = ANSWER_BYTES,
    ) -> Answer:
        """One request, sent once. `body` goes as JSON, `content` as it is, `files` as a form.

        Raises BadAddress, NotSent (nothing left), AnswerLost (it may have arrived), TooLarge.
        """
        if _origin(url) not in self._bases:
            raise BadAddress(f"{_shown(url)} is no address of this provider.")
        request = self._client.build_request(
            method,
            url,
            headers={"accept": "application/json", **(headers or {})},
            json=body,
            content=content,
            files=files,
            data=data,
            timeout=httpx.Timeout(read_s, connect=self._connect_s),
        )
        started = time.monotonic()
        response = self._send(request)
        try:
            parts: list[bytes] = []
            size = 0
            for part in response.iter_bytes(65536):
                size += len(part)
                if size > most_bytes:
                    raise TooLarge("The answer is longer than allowed.")
                if time.monotonic() - started > whole_s:
                    raise AnswerLost("The answer did not end in time.")
                parts.append(part)
        except httpx.HTTPError as error:
            raise AnswerLost(self.clean(f"The answer broke off: {error}")) from error
        finally:
            response.close()
        return Answer(response.status_code, _lower(response.headers), self._hushed(b"".join(parts)))

    def _hushed(self, body: bytes) -> bytes:
        """An answer without the key it may say back, so that no word of it can carry the key on."""
        for secret in self._secrets:
            if len(secret) >= SHORTEST:
                body = body.replace(secret.encode(), HIDDEN.encode())
        return body

    def download(
        self,
        url: str,
        to: Path,
        *,
        most_bytes: int,
        whole_s: float = 600.0,
        headers: Mapping[str, str] | None = None,
    ) -> Downloaded | Answer:
        """Write a file to `to`. A status other than 200 comes back as an Answer without body.

        Headers are only for a base; they are never sent to a media host or along a redirect.
        Raises BadAddress, NotSent, AnswerLost (also when it is shorter than announced), TooLarge.
        """
        started = time.monotonic()
        for hop in range(MOST_REDIRECTS + 1):
            self._check_media(url)
            sent = dict(headers or {}) if hop == 0 and _origin(url) in self._bases else {}
            request = self._client.build_request(
                "GET",
                url,
                headers={**sent, "accept-encoding": "identity"},
                timeout=httpx.Timeout(READ_S, connect=self._connect_s),
            )
            response = self._send(request)
            try:
                if response.is_redirect:
                    url = urljoin(url, response.headers.get("location", ""))
                    continue
                if response.status_code != 200:
                    return Answer(response.status_code, _lower(response.headers), b"")
                return self._write(response, to, most_bytes, started + whole_s)
            except httpx.HTTPError as error:
                raise AnswerLost(self.clean(f"The file broke off: {error}")) from error
            finally:
                response.close()
        raise BadAddress("The file's address leads on and on.")

    def _write(
        self, response: httpx.Response, to: Path, most_bytes: int, until: float
    ) -> Downloaded:
        size, seen = 0, hashlib.sha256()
        with to.open("wb") as file:
            for part in response.iter_bytes(65536):
                size += len(part)
                if size > most_bytes:
                    raise TooLarge("The file is larger than allowed.")
                if time.monotonic() > until:
                    raise AnswerLost("The file did not come to its end in time.")
                seen.update(part)
                file.write(part)
        said = response.headers.get("content-length", "")
        if said.isdigit() and int(said) != size:
            raise AnswerLost("The file is shorter than announced.")
        kind = response.headers.get("content-type", "").partition(";")[0].strip().lower()
        return Downloaded(to, size, seen.hexdigest(), kind)

    def _send(self, request: httpx.Request) -> httpx.Response:
        host = request.url.host
        try:
            return self._client.send(request, stream=True)
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
            raise NotSent(self.clean(f"{host} could not be reached: {error}")) from error
        except (httpx.UnsupportedProtocol, httpx.LocalProtocolError, httpx.InvalidURL) as error:
            raise BadAddress(self.clean(f"{_shown(str(request.url))}: {error}")) from error
        except httpx.HTTPError as error:
            text = f"{host} gave no answer, so it may or may not have begun."
            raise AnswerLost(self.clean(text)) from error

    def is_base(self, url: str) -> bool:
        """Whether a call, and with it the key, may go to this address."""
        return _origin(url) in self._bases

    def _check_media(self, url: str) -> None:
        scheme, host, port = _origin(url)
        if (scheme, host, port) in self._bases:
            return
        if scheme != "https" or port != 443 or not any(map(_below(host), self._media_hosts)):
            raise BadAddress(f"{_shown(url)} is not where this provider keeps files.")

    def clean(self, text: str) -> str:
        """A text without keys, signed addresses and pictures, at most 500 characters."""
        return cleaned(text, self._secrets)


def cleaned(text: str, secrets: Iterable[str]) -> str:
    """A text without these keys, signed addresses and pictures, at most 500 characters."""
    for secret in secrets:
        text = text.replace(secret, HIDDEN)
    text = _SIGNED.sub(rf"\1?{HIDDEN}", text)
    text = _KEYED.sub(rf"\1{HIDDEN}", text)
    return _INLINE.sub("[file]", text)[:500]


def _below(host: str) -> Any:
    def takes(pattern: str) -> bool:
        if pattern.startswith("*."):
            return host.endswith(pattern[1:])
        return host == pattern

    return takes


def _origin(url: str) -> tuple[str, str, int]:
    """Scheme, host and port of an address. Raises BadAddress for anything that is none."""
    try:
        parts = urlsplit(url)
        port = parts.port or {"https": 443, "http": 80}.get(parts.scheme, 0)
    except ValueError as error:
        raise BadAddress("This is no web address.") from error
    if parts.scheme not in ("https", "http") or not parts.hostname or parts.username:
        raise BadAddress("This is no web address.")
    return parts.scheme, parts.hostname.lower(), port


def _shown(url: str) -> str:
    """An address as it may be told: without what stands after the path."""
    return url.partition("?")[0][:200]


def _lower(headers: httpx.Headers) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}
