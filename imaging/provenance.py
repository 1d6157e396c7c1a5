"""Say in a file how it was made: the IPTC digital source type, as XMP, per file format.

Writes only our own packet; anything else a file carried is left behind on purpose. Embedding is
a statement by whoever exports, not a proof. It must not decide which statement is true.
"""

from __future__ import annotations

import os
import re
import uuid
from enum import StrEnum
from pathlib import Path
from xml.sax.saxutils import escape

# https://www.iptc.org/std/photometadata/specification/IPTC-PhotoMetadata#digital-source-type
VOCABULARY = "http://cv.iptc.org/newscodes/digitalsourcetype/"
# Adobe XMP specification part 3, 1.2.6: XMP in ISO base media files.
XMP_UUID = uuid.UUID("be7acfcb-97a9-42e8-9c71-999491e3afac").bytes
PNG_KEY = "XML:com.adobe.xmp"
CREATOR_TOOL = "Switchyard"


class SourceType(StrEnum):
    """How the picture came to be, in the words of the IPTC vocabulary."""

    CAPTURE = "digitalCapture"
    EDITED = "humanEdits"
    CREATED = "digitalCreation"
    COMPOSITE = "compositeWithTrainedAlgorithmicMedia"
    GENERATED = "trainedAlgorithmicMedia"


def packet(source_type: SourceType | str, *, credit: str = "", code: str = "") -> bytes:
    """An XMP packet (UTF-8) naming the source type (a word or full URI of the IPTC vocabulary;
    empty = no statement), with credit and creative code when given.

    The same arguments give the same bytes. ValueError for an unknown source type.
    """
    word = str(source_type).removeprefix(VOCABULARY)
    kind = ""
    if word:
        kind = (
            "\n   <Iptc4xmpExt:DigitalSourceType>"
            f"{VOCABULARY}{SourceType(word).value}</Iptc4xmpExt:DigitalSourceType>"
        )
    extra = f"\n   <photoshop:Credit>{escape(credit)}</photoshop:Credit>" if credit else ""
    extra += f"\n   <dc:identifier>{escape(code)}</dc:identifier>" if code else ""
    text = f"""<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/">
 <rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
  <rdf:Description rdf:about=""
    xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/"
    xmlns:dc="http://purl.org/dc/elements/1.1/"
    xmlns:photoshop="http://ns.adobe.com/photoshop/1.0/"
    xmlns:xmp="http://ns.adobe.com/xap/1.0/">{kind}
   <xmp:CreatorTool>{CREATOR_TOOL}</xmp:CreatorTool>{extra}
  </rdf:Description>
 </rdf:RDF>
</x:xmpmeta>
<?xpacket end="w"?>"""
    return text.encode()


def embed(path: Path, xmp: bytes) -> None:
    """Add the packet to a finished MP4 or MOV, as a `uuid` box at its end.

    Stills get theirs from render.save_still. At the end nothing moves, so the sample offsets
    stay right. Ends durable on disk. ValueError when the file is something else or carries a
    packet already.
    """
    with path.open("rb") as stream:
        if stream.read(8)[4:] != b"ftyp":
            raise ValueError("Only an MP4 or MOV takes its packet afterwards.")
    if read_mp4(path) is not None:
        raise ValueError("This file carries an XMP packet already.")
    size = 8 + len(XMP_UUID) + len(xmp)
    with path.open("ab") as stream:
        stream.write(size.to_bytes(4, "big") + b"uuid" + XMP_UUID + xmp)
        stream.flush()
        os.fsync(stream.fileno())


def read_mp4(path: Path) -> bytes | None:
    """The XMP packet in an MP4's top-level `uuid` box, or None."""
    end, at = path.stat().st_size, 0
    with path.open("rb") as stream:
        while at + 8 <= end:
            stream.seek(at)
            head = stream.read(32)
            size, skip = int.from_bytes(head[:4], "big"), 8
            if size == 1:
                size, skip = int.from_bytes(head[8:16], "big"), 16
            elif size == 0:
                size = end - at
            if size < skip:
                return None
            if head[4:8] == b"uuid" and head[skip : skip + 16] == XMP_UUID:
                stream.seek(at + skip + 16)
                return stream.read(size - skip - 16)
            at += size
    return None


def source_type_of(xmp: bytes | str | None) -> SourceType | None:
    """The digital source type a packet names, or None."""
    if not xmp:
        return None
    text = xmp.decode("utf-8", "replace") if isinstance(xmp, bytes) else xmp
    found = re.search(re.escape(VOCABULARY) + r"(\w+)", text)
    if found is None or found[1] not in set(SourceType):
        return None
    return SourceType(found[1])
