"""What a file is worth on the other placements of its platform. Reads only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from campaigns.formats import spec_check
from campaigns.formats.measured import Measured
from campaigns.formats.spec import Spec
from campaigns.formats.spec_check import SpecFinding
from campaigns.models import PlatformFile
from campaigns.models.choices import FindingVerdict
from campaigns.queries import spec_versions


@dataclass(frozen=True, slots=True)
class Placement:
    """Another placement that takes a file of this shape, with the limits that the file breaks."""

    name: str
    verdict: str
    broken: Sequence[SpecFinding]


@dataclass(frozen=True, slots=True)
class Placements:
    """Those of one file; empty where the platform has none for its shape."""

    all: Sequence[Placement]

    @property
    def words(self) -> str:
        """The summary of the folded list."""
        count = len(self.all)
        failing = sum(one.verdict == FindingVerdict.FAIL for one in self.all)
        total = f"{count} other placement{'' if count == 1 else 's'}"
        return f"{total}, {failing} would refuse it" if failing else f"{total} would take it"


def of_file(row: PlatformFile, spec: Spec) -> Placements:
    """The finished file `row`, made for `spec`, judged by the sister placements: sizes, format,
    length and sound; texts and buttons are each placement's own."""
    if row.media is None or not row.measured:
        return Placements(())
    measured = Measured.from_json(row.measured)
    found = []
    for other in spec_versions.file_of(row.platform, row.spec_row_id).specs:
        fits = other.kind == spec.kind and spec_check.ratio_of(measured, other) is not None
        if other.id == spec.id or not fits:
            continue
        report = spec_check.check_measured(measured, other)
        broken = [f for f in report.findings if f.verdict in ("fail", "warn")]
        found.append(Placement(other.placement, report.verdict, broken))
    return Placements(found)
