"""Seals: signed last, whole when read back, broken by one byte, and the master's is kept."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import av
import c2pa
import numpy as np
import pyexiv2
import pytest
from numpy.typing import NDArray
from PIL import Image

from campaigns.formats import handling
from imaging import credentials, provenance, render
from imaging.credentials import Action, CannotSign, Identity, Seal
from tests import certificates

MIMES = {"a.jpg": "image/jpeg", "a.png": "image/png", "a.webp": "image/webp", "a.mp4": "video/mp4"}
COMPOSITE = f"{provenance.VOCABULARY}compositeWithTrainedAlgorithmicMedia"


@pytest.fixture(scope="module")
def identity() -> Identity:
    return Identity(*certificates.made())


@pytest.fixture
def file(tmp_path: Path, photo: Callable[[str], NDArray[np.uint8]]) -> Callable[[str], Path]:
    def make(name: str) -> Path:
        path = tmp_path / name
        packet = provenance.packet(COMPOSITE)
        if name.endswith(".mp4"):
            with av.open(str(path), "w", options={"movflags": "faststart"}) as container:
                stream = container.add_stream("libx264", rate=10)
                stream.width = stream.height = 64
                frame = av.VideoFrame.from_ndarray(np.full((64, 64, 3), 90, np.uint8), "rgb24")
                container.mux(stream.encode(frame))
                container.mux(stream.encode(None))
            provenance.embed(path, packet)
        else:
            kind = {"jpg": "jpeg"}.get(name[2:], name[2:])
            render.save_still(Image.fromarray(photo("coffee")[:200, :200]), path, kind, xmp=packet)
        return path

    return make


def seal(path: Path, identity: Identity, parent: tuple[Path, str] | None = None) -> None:
    credentials.add(
        path, MIMES[path.name], identity, title="CR000000", source_type=COMPOSITE,
        actions=[Action("cropped"), Action("resized")], parent=parent,
    )  # fmt: skip


def claim(path: Path) -> dict:
    """The active manifest as the C2PA project's reader gives it."""
    with path.open("rb") as stream:
        found = json.loads(c2pa.Reader(MIMES[path.name], stream).json())
    return found["manifests"][found["active_manifest"]]


def actions(path: Path) -> list[dict]:
    found = claim(path)["assertions"]
    (made,) = [one["data"] for one in found if one["label"].startswith("c2pa.actions")]
    return made["actions"]


@pytest.mark.parametrize("name", list(MIMES))
class TestSign:
    def test_says_what_was_done_adds_little_and_leaves_the_label(
        self, name: str, file: Callable[[str], Path], identity: Identity
    ) -> None:
        path = file(name)
        before = path.stat().st_size
        assert credentials.state_of(path, MIMES[name]) is Seal.NONE
        seal(path, identity)
        assert credentials.state_of(path, MIMES[name]) is Seal.UNTRUSTED
        assert 0 < path.stat().st_size - before < 12_000
        assert [step["action"] for step in actions(path)] == [
            "c2pa.created", "c2pa.cropped", "c2pa.resized",
        ]  # fmt: skip
        assert actions(path)[0]["digitalSourceType"] == COMPOSITE
        assert not claim(path).get("thumbnail")
        assert "time" not in claim(path)["signature_info"]
        if name.endswith(".mp4"):
            with av.open(str(path), options={"export_xmp": "1"}) as clip:
                assert COMPOSITE in clip.metadata["xmp"]
                assert sum(1 for _ in clip.decode(video=0)) == 1
            return
        with pyexiv2.Image(str(path)) as reader:
            assert reader.read_xmp()["Xmp.iptcExt.DigitalSourceType"] == COMPOSITE

    def test_one_changed_byte_breaks_the_seal(
        self, name: str, file: Callable[[str], Path], identity: Identity
    ) -> None:
        path = file(name)
        seal(path, identity)
        raw = bytearray(path.read_bytes())
        # in the picture itself, wherever the format keeps it
        at = raw.index(b"mdat") + 20 if name.endswith(".mp4") else len(raw) - 60
        raw[at] ^= 1
        path.write_bytes(raw)
        assert credentials.state_of(path, MIMES[name]) is Seal.INVALID


class TestParent:
    def test_a_sealed_master_is_kept_as_what_it_was_made_from(
        self, tmp_path: Path, file: Callable[[str], Path], identity: Identity
    ) -> None:
        master = file("a.png")
        seal(master, identity)
        path = file("a.jpg")
        seal(path, identity, parent=(master, "image/png"))
        (parent,) = claim(path)["ingredients"]
        assert parent["relationship"] == "parentOf"
        assert parent["active_manifest"]
        assert [step["action"] for step in actions(path)] == [
            "c2pa.opened", "c2pa.cropped", "c2pa.resized",
        ]  # fmt: skip
        assert credentials.state_of(path, "image/jpeg") is Seal.UNTRUSTED

    def test_a_master_without_or_with_a_broken_seal_is_none(
        self, file: Callable[[str], Path], identity: Identity
    ) -> None:
        master, path = file("a.png"), file("a.jpg")
        seal(path, identity, parent=(master, "image/png"))
        assert not claim(path).get("ingredients")
        seal(master, identity)
        raw = bytearray(master.read_bytes())
        raw[-60] ^= 1
        master.write_bytes(raw)
        again = file("a.webp")
        seal(again, identity, parent=(master, "image/png"))
        assert not claim(again).get("ingredients")


@pytest.mark.parametrize("name", [name for name in MIMES if not name.endswith("mp4")])
@pytest.mark.parametrize("links", [0, 1, 3, 15])
def test_room_is_what_the_seal_takes_with_its_master_s_chain(
    name: str, links: int, tmp_path: Path, file: Callable[[str], Path], identity: Identity
) -> None:
    values: dict[str, Any] = {
        "title": "CR000000", "source_type": COMPOSITE,
        "actions": [Action("cropped"), Action("resized")],
    }  # fmt: skip
    master = None
    for _ in range(links):
        made = file("a.png")
        credentials.add(made, "image/png", identity, **values, parent=master)
        master = (made.rename(tmp_path / "master.png"), "image/png")
    path = file(name)
    before = path.stat().st_size
    room = credentials.room(identity, **values, parent=master)
    credentials.add(path, MIMES[name], identity, **values, parent=master)
    assert room - 2 * credentials.SPARE < path.stat().st_size - before <= room


class TestRefused:
    @pytest.mark.parametrize("what", ["key", "chain", "other"])
    def test_what_cannot_sign_is_said_and_the_file_stays(
        self, file: Callable[[str], Path], identity: Identity, what: str
    ) -> None:
        path = file("a.jpg")
        before = path.read_bytes()
        bad = {
            "key": Identity(identity.chain, b"no key"),
            "chain": Identity(b"no certificate", identity.key),
            "other": Identity(identity.chain, certificates.made()[1]),
        }[what]
        assert credentials.problem(bad)
        assert not credentials.problem(identity)
        with pytest.raises(CannotSign, match=r"key|certificate") as told:
            seal(path, bad)
        assert "PRIVATE" not in str(told.value)
        assert path.read_bytes() == before
        assert [one.name for one in path.parent.iterdir()] == ["a.jpg"]

    def test_an_identity_does_not_show_its_key(self, identity: Identity) -> None:
        assert "PRIVATE" not in repr(identity)


@pytest.mark.parametrize("name", ["a.jpg", "a.mp4"])
def test_every_way_to_make_a_file_is_read_back_as_it_was_done(
    name: str, file: Callable[[str], Path], identity: Identity
) -> None:
    path = file(name)
    done = handling.actions(
        is_clip=name == "a.mp4", is_cropped=False, way="above", has_grain=True, shortened_to_s=6
    )
    credentials.add(path, MIMES[name], identity, title="", source_type=COMPOSITE, actions=done)
    assert credentials.state_of(path, MIMES[name]) is Seal.UNTRUSTED
    said = [one["action"].removeprefix("c2pa.") for one in actions(path)]
    expected = ["created", "trimmed", "resized", "edited", "addedText", "filtered"]
    assert said == [*expected, *(["transcoded"] if name == "a.mp4" else [])]
    about = {one["action"]: one.get("parameters", {}).get("description") for one in actions(path)}
    assert about["c2pa.trimmed"] == "Shortened to its first 6 seconds."
    assert about["c2pa.edited"] == handling.GROUNDS["above"]
    assert "grain" in about["c2pa.filtered"]
