"""How loud a clip is on the whole, as broadcasters and platforms count it (EBU R 128).

Decodes sound only, a frame at a time. What loudness a platform wants is not known here.
"""

from __future__ import annotations

from pathlib import Path

import av
import av.filter

SILENT_LUFS = -70.0  # the gate of EBU R 128: below it nothing is counted


def integrated_lufs(path: Path) -> float | None:
    """Integrated loudness in LUFS; None without sound, or where all of it is silence."""
    with av.open(str(path)) as clip:
        stream = next(iter(clip.streams.audio), None)
        if stream is None:
            return None
        graph = av.filter.Graph()
        source = graph.add_abuffer(template=stream)
        meter, sink = graph.add("ebur128", "metadata=1"), graph.add("abuffersink")
        source.link_to(meter)
        meter.link_to(sink)
        graph.configure()
        found = SILENT_LUFS
        for frame in clip.decode(stream):
            graph.push(frame)
            found = _drain(graph, found)
        graph.push(None)
        found = _drain(graph, found)
    return found if found > SILENT_LUFS else None


def _drain(graph: av.filter.Graph, found: float) -> float:
    """The newest figure that the meter gives, else `found`."""
    while True:
        try:
            frame = graph.pull()
        except (av.BlockingIOError, av.EOFError):
            return found
        found = float(frame.metadata.get("lavfi.r128.I", found))
