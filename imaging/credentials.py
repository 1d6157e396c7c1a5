"""Sign a finished file with the team's certificate (C2PA Content Credentials), and read a seal.

The last step of all: whatever saves the file afterwards breaks the seal. No time stamp is asked
for and nothing is fetched, so no network is needed. The package c2pa-python is optional; without it
`is_available` says no. What may be claimed of a picture is not decided here.
"""

from __future__ import annotations

import importlib
import importlib.util
import json
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from PIL import Image

_c2pa: Any = (
    importlib.import_module("c2pa") if importlib.util.find_spec("c2pa") is not None else None
)

SPARE = 256  # bytes by which a seal may be longer in a large file: places and lengths are longer
_TRIAL = "http://cv.iptc.org/newscodes/digitalsourcetype/digitalCreation"
_CURVES = {256: "es256", 384: "es384", 521: "es512"}
# the library would fetch manifests that a master only links to, and add 250 KB of thumbnail
_OFFLINE = {
    "version": 1,
    "builder": {"thumbnail": {"enabled": False}},
    "verify": {"remote_manifest_fetch": False, "ocsp_fetch": False},
}


class CannotSign(Exception):
    """The file was not signed; the message says why and what to correct."""


class Seal(StrEnum):
    """What a reader finds: `untrusted` is whole, by a certificate that the reader does not know."""

    NONE = "none"
    TRUSTED = "trusted"
    UNTRUSTED = "untrusted"
    INVALID = "invalid"


@dataclass(frozen=True, slots=True)
class Identity:
    """Who signs: the certificate with its issuers, and its private key, both PEM."""

    chain: bytes
    key: bytes

    def __repr__(self) -> str:
        """Without the key: this may end in a log."""
        return "Identity(…)"


@dataclass(frozen=True, slots=True)
class Action:
    """One thing that was done to the picture: C2PA's name for it without the prefix, such as
    "cropped", and in words what exactly, where the name says too little."""

    name: str
    about: str = ""

    def as_json(self) -> dict[str, Any]:
        """As the manifest has it."""
        said = {"parameters": {"description": self.about}} if self.about else {}
        return {"action": f"c2pa.{self.name}", **said}


def is_available() -> bool:
    """Is the library that signs installed?"""
    return _c2pa is not None


def sign(
    source: Path,
    target: Path,
    mime: str,
    identity: Identity,
    *,
    title: str,
    source_type: str,
    actions: Sequence[Action],
    parent: tuple[Path, str] | None = None,
) -> None:
    """Write `source` with a seal to `target` and read it back.

    `source_type` is a full IPTC URI; `actions` stand in the order in which they were done. `parent`
    is the master with its MIME type: when it carries a seal of its own it is
    kept as what this file was made from, else the file counts as created here. Raises CannotSign.
    """
    if _c2pa is None:
        raise CannotSign("The package c2pa-python is not installed.")
    has_parent = parent is not None and state_of(*parent) in {Seal.TRUSTED, Seal.UNTRUSTED}
    first = [] if has_parent else [{"action": "c2pa.created", "digitalSourceType": source_type}]
    made = [action.as_json() for action in actions]
    claim = {
        "claim_generator_info": [{"name": "Switchyard"}],
        "title": title,
        "assertions": [{"label": "c2pa.actions", "data": {"actions": [*first, *made]}}],
    }
    try:
        builder = _c2pa.Builder(json.dumps(claim), context=_c2pa.Context.from_dict(_OFFLINE))
        if has_parent and parent is not None:
            builder.set_intent(_c2pa.C2paBuilderIntent.EDIT)  # says "opened" by itself
            with parent[0].open("rb") as stream:
                about = {"title": "master", "relationship": "parentOf"}
                builder.add_ingredient(json.dumps(about), parent[1], stream)
        # the last argument is the address of a time-stamp service: none
        info = _c2pa.C2paSignerInfo(_algorithm(identity.key), identity.chain, identity.key, None)
        with source.open("rb") as reader, target.open("w+b") as writer:
            builder.sign(_c2pa.Signer.from_info(info), mime, reader, writer)
    except _c2pa.C2paError as error:
        target.unlink(missing_ok=True)
        raise CannotSign(
            f"The certificate or key cannot sign: {_short(error)}. It must be a certificate for "
            "signing (digitalSignature, emailProtection) with its issuers, and its own key."
        ) from error
    if state_of(target, mime) not in {Seal.TRUSTED, Seal.UNTRUSTED}:
        target.unlink(missing_ok=True)
        raise CannotSign("The seal does not hold when it is read back. Is the certificate over?")


def add(path: Path, mime: str, identity: Identity, **values: Any) -> None:
    """Sign a file in its place; on CannotSign it stays as it was. Arguments as for `sign`."""
    signed = path.with_name(f"signed-{path.name}")
    sign(path, signed, mime, identity, **values)
    shutil.move(signed, path)


def room(identity: Identity, **values: Any) -> int:
    """How many bytes `add` will add at most to a still with these values, tried on a picture of one
    pixel: a master's own chain of seals comes along, some 5 KB a link. JPEG, which cuts long seals
    into pieces, takes the most. Raises CannotSign."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "pixel.jpg"
        Image.new("RGB", (1, 1)).save(path)
        before = path.stat().st_size
        add(path, "image/jpeg", identity, **values)
        return path.stat().st_size - before + SPARE


_TRIED = Action("resized")


@lru_cache(maxsize=4)
def problem(identity: Identity) -> str:
    """Why this certificate cannot sign, tried on a picture of one pixel; "" when it can."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "pixel.png"
        Image.new("RGB", (1, 1)).save(path)
        try:
            add(path, "image/png", identity, title="", source_type=_TRIAL, actions=[_TRIED])
        except CannotSign as error:
            return str(error)
    return ""


def state_of(path: Path, mime: str) -> Seal:
    """What a reader says of the file's seal. `none` also where the library is missing."""
    if _c2pa is None:
        return Seal.NONE
    try:
        with path.open("rb") as stream:
            reader = _c2pa.Reader(mime, stream, context=_c2pa.Context.from_dict(_OFFLINE))
            state = str(reader.get_validation_state())
    except _c2pa.C2paError as error:
        return Seal.NONE if "ManifestNotFound" in str(error) else Seal.INVALID
    known = {"Trusted": Seal.TRUSTED, "Valid": Seal.UNTRUSTED}
    return known.get(state, Seal.INVALID)


def _algorithm(key: bytes) -> bytes:
    """C2PA's name of what this key signs with. Raises CannotSign."""
    try:
        found = load_pem_private_key(key, password=None)
    except (ValueError, TypeError) as error:
        raise CannotSign("The key is not a PEM private key without a password.") from error
    if isinstance(found, ec.EllipticCurvePrivateKey) and found.curve.key_size in _CURVES:
        return _CURVES[found.curve.key_size].encode()
    if isinstance(found, ed25519.Ed25519PrivateKey):
        return b"ed25519"
    if isinstance(found, rsa.RSAPrivateKey):
        return b"ps256"
    raise CannotSign("The key must be of the kind P-256, P-384, P-521, Ed25519 or RSA.")


def _short(error: Exception) -> str:
    return " ".join(str(error).split())[:160].rstrip(".")
