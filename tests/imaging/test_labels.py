"""Labels we write are read by programs that are not ours: Exiv2 for stills, FFmpeg for clips."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import av
import numpy as np
import pyexiv2
import pytest
from numpy.typing import NDArray
from PIL import Image

from imaging import provenance, render

ENDINGS = {"jpeg": "jpg", "png": "png", "webp": "webp"}
VOCABULARY = "http://cv.iptc.org/newscodes/digitalsourcetype/"


@pytest.mark.parametrize("kind", list(ENDINGS))
@pytest.mark.parametrize("word", [str(word) for word in provenance.SourceType])
def test_exiv2_reads_the_source_type_and_the_code_of_a_still(
    tmp_path: Path, photo: Callable[[str], NDArray[np.uint8]], kind: str, word: str
) -> None:
    path = tmp_path / f"a.{ENDINGS[kind]}"
    image = Image.fromarray(photo("coffee")[:64, :64])
    render.save_still(image, path, kind, xmp=provenance.packet(word, code="CR000000", credit="<&>"))
    with pyexiv2.Image(str(path)) as reader:
        found = reader.read_xmp()
        exif, iptc = reader.read_exif(), reader.read_iptc()
    assert found["Xmp.iptcExt.DigitalSourceType"] == VOCABULARY + word
    assert found["Xmp.photoshop.Credit"] == "<&>"
    assert found["Xmp.dc.identifier"] == "CR000000"
    assert (exif, iptc) == ({}, {})


@pytest.mark.parametrize("kind", list(ENDINGS))
def test_a_still_of_unknown_origin_claims_nothing(
    tmp_path: Path, photo: Callable[[str], NDArray[np.uint8]], kind: str
) -> None:
    path = tmp_path / f"a.{ENDINGS[kind]}"
    image = Image.fromarray(photo("coffee")[:64, :64])
    render.save_still(image, path, kind, xmp=provenance.packet(""))
    with pyexiv2.Image(str(path)) as reader:
        assert "Xmp.iptcExt.DigitalSourceType" not in reader.read_xmp()


def test_a_png_carries_its_packet_uncompressed_where_readers_look(
    tmp_path: Path, photo: Callable[[str], NDArray[np.uint8]]
) -> None:
    path = tmp_path / "a.png"
    packet = provenance.packet("humanEdits")
    render.save_still(Image.fromarray(photo("coffee")[:64, :64]), path, "png", xmp=packet)
    raw = path.read_bytes()
    # PNG 1.2 with XMP part 3, 1.1.5: iTXt, the key, no compression, no language, then the packet
    at = raw.index(b"iTXt")
    length = int.from_bytes(raw[at - 4 : at], "big")
    head = b"XML:com.adobe.xmp\0\0\0\0\0"
    assert raw[at + 4 : at + 4 + length] == head + packet
    assert at < raw.index(b"IDAT")


@pytest.mark.parametrize("word", ["humanEdits", "compositeWithTrainedAlgorithmicMedia"])
def test_ffmpeg_reads_the_source_type_of_a_clip(tmp_path: Path, word: str) -> None:
    path = tmp_path / "a.mp4"
    with av.open(str(path), "w", options={"movflags": "faststart"}) as container:
        stream = container.add_stream("libx264", rate=10)
        stream.width = stream.height = 64
        stream.pix_fmt = "yuv420p"
        for level in (0, 90, 180):
            frame = av.VideoFrame.from_ndarray(np.full((64, 64, 3), level, np.uint8), "rgb24")
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    provenance.embed(path, provenance.packet(word, code="CR000000"))
    with av.open(str(path), options={"export_xmp": "1"}) as clip:
        packet = clip.metadata["xmp"]
        assert sum(1 for _ in clip.decode(video=0)) == 3
    assert f"<Iptc4xmpExt:DigitalSourceType>{VOCABULARY}{word}<" in packet
    assert "CR000000" in packet
