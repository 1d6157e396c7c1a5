"""Messages to the other side when a job ends: signed as the vendor signs them, or badly."""

from __future__ import annotations

import base64
import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import httpx
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tests.stand_in.state import Delivery, Job

if TYPE_CHECKING:
    from tests.stand_in.server import StandIn

ACCOUNT = "user-of-fal"
Make = Callable[["StandIn", Job, str], tuple[dict[str, str], bytes]]


def _key(server: StandIn) -> Ed25519PrivateKey:
    seed = server.state.facts.get("fal_signing_seed")
    if seed is None:
        seed = Ed25519PrivateKey.generate().private_bytes_raw().hex()
        server.state.fact("fal_signing_seed", seed)
    return Ed25519PrivateKey.from_private_bytes(bytes.fromhex(seed))


def public_key(server: StandIn) -> dict[str, str]:
    """The public key as a JWK."""
    raw = _key(server).public_key().public_bytes_raw()
    return {"kty": "OKP", "crv": "Ed25519", "x": base64.urlsafe_b64encode(raw).decode().rstrip("=")}


def sign(server: StandIn, text: bytes) -> bytes:
    """ED25519."""
    return _key(server).sign(text)


def later(server: StandIn, job: Job, found: dict[str, Any], make: Make) -> None:
    """Deliver when the job has ended, in a thread; `hook_first` before the submit is answered.

    `make` is the vendor's message.
    """
    if job.has("hook_none"):
        return
    if "hook_first" in found or job.has("hook_first"):
        server.job(job.vendor, job.id)
        deliver(server, job, make)
        return
    threading.Thread(target=_when_done, args=(server, job, make), daemon=True).start()


def _when_done(server: StandIn, job: Job, make: Make) -> None:
    until = time.monotonic() + 60
    while time.monotonic() < until and not server.ended.wait(0.05):
        moved = server.job(job.vendor, job.id)
        if moved is None:
            return
        if moved.state == "done":
            for _ in range(2 if job.has("hook_twice") else 1):
                deliver(server, moved, make)
            return


def deliver(server: StandIn, job: Job, make: Make, *, account: str = ACCOUNT) -> Delivery:
    """Send one message now and remember it."""
    headers, body = make(server, job, account)
    parts = urlsplit(job.webhook)
    to = f"{server.webhook_to}{parts.path}" if server.webhook_to else job.webhook
    sent = Delivery(job.vendor, job.id, to, headers, body, time.time())
    try:
        answer = httpx.post(
            to, headers={"content-type": "application/json", **headers}, content=body, timeout=10,
            follow_redirects=False, trust_env=False,
        )  # fmt: skip
        sent.status = answer.status_code
    except httpx.HTTPError as error:
        sent.error = type(error).__name__
    server.state.add_delivery(sent)
    return sent
