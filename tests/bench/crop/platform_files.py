"""The same three files as a worker makes them. Run by `bin/bench files` on its database."""

from __future__ import annotations

import json
import resource
import sys
import tempfile
import time
from pathlib import Path

from campaigns.actions import cutting, masters
from campaigns.models import Media, PlatformFile
from tests.bench.crop import peak


def files() -> None:
    """One after the other in one job, as `file_making.make` does; each reads its row anew."""
    with masters.kept():
        for pk in PlatformFile.objects.order_by("pk").values_list("pk", flat=True):
            row = PlatformFile.objects.select_related(
                "asset__team", "asset__campaign", "source__media"
            ).get(pk=pk)
            with tempfile.TemporaryDirectory() as folder:
                cutting.cut(row=row, folder=Path(folder))


def forget() -> None:
    """What was seen in the master, as for a new upload."""
    row = PlatformFile.objects.select_related("source").order_by("pk")[0]
    Media.objects.filter(pk=row.source.media_id).update(seen={})


def main(way: str, rounds: str) -> None:
    """Once to warm up (models are loaded then), then `rounds` times; one line of JSON."""
    if way == "fresh":
        forget()
    files()
    cpu, wall = [], []
    for _ in range(int(rounds)):
        if way == "fresh":
            forget()
        begun = _cpu(), time.perf_counter()
        files()
        cpu.append(_cpu() - begun[0])
        wall.append(time.perf_counter() - begun[1])
    print(json.dumps({"cpu_s": cpu, "wall_s": wall, "peak_mb": peak.megabytes()}))


def _cpu() -> float:
    """CPU seconds of this process and of children it waited for."""
    own, waited = (
        resource.getrusage(resource.RUSAGE_SELF),
        resource.getrusage(resource.RUSAGE_CHILDREN),
    )
    return own.ru_utime + own.ru_stime + waited.ru_utime + waited.ru_stime


if __name__ == "__main__":
    main(*sys.argv[1:])
