"""Where a version came from: the tree of kept versions, and one line of it in words.

Plain values for templates. Reads rows, writes none.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from campaigns.models import Asset, AssetBase, Candidate, Media
from campaigns.models.choices import FileKind, Verdict
from routing.stages import OPERATIONS

DEEPEST = 8


@dataclass(frozen=True, slots=True)
class Node:
    """One line of the tree. `depth` counts from 0; `version` is a candidate's id or None."""

    kind: str
    label: str
    detail: str
    depth: int
    media: Media | None = None
    version: int | None = None
    verdict: str = ""
    is_current: bool = False
    is_shown: bool = False


def operation_label(operation: str) -> str:
    """The words for an operation's key."""
    spec = OPERATIONS.get(operation)
    return spec.label if spec else operation.replace("_", " ").capitalize()


def is_clip(media: Media | None) -> bool:
    """True for a moving picture."""
    return media is not None and media.kind == FileKind.CLIP


def tree(
    *,
    asset: Asset,
    bases: Sequence[AssetBase],
    candidates: Iterable[Candidate],
    shown: Candidate | None,
) -> tuple[Node, ...]:
    """Brief, base pictures, then every kept version below the one it was made from.

    `candidates` carry `run` and `media`; all of the asset, in the order they were made.
    """
    nodes = [Node("brief", "Brief", asset.goal, 0)]
    nodes.extend(
        Node("base", base.media.name or "Base picture", _size(base.media), 1, base.media)
        for base in bases
    )
    kept = [
        row
        for row in candidates
        if row.verdict == Verdict.KEPT or row.pk in (asset.current_id, shown.pk if shown else None)
    ]
    known = {row.pk for row in kept}
    children: dict[int | None, list[Candidate]] = {}
    for row in kept:
        above = row.parent_id if row.parent_id in known else None
        children.setdefault(above, []).append(row)
    first = 2 if bases else 1

    def grow(above: int | None, depth: int) -> None:
        for row in children.get(above, []):
            nodes.append(_node(row, asset, shown, min(depth, DEEPEST)))
            grow(row.pk, depth + 1)

    grow(None, first)
    return tuple(nodes)


def _node(row: Candidate, asset: Asset, shown: Candidate | None, depth: int) -> Node:
    return Node(
        kind="clip" if is_clip(row.media) else "still",
        label=f"{operation_label(row.run.operation)} #{row.position + 1}",
        detail=f"{row.run.model_label} · {_size(row.media)}",
        depth=depth,
        media=row.media,
        version=row.pk,
        verdict=row.verdict,
        is_current=row.pk == asset.current_id,
        is_shown=shown is not None and row.pk == shown.pk,
    )


def _size(media: Media) -> str:
    size = f"{media.width} × {media.height}"
    return f"{size} · {media.duration_s:.1f} s" if media.duration_s else size


def line(
    *, source: Candidate | None, candidates: Mapping[int, Candidate], has_base: bool
) -> tuple[str, ...]:
    """The steps from the brief to `source`, oldest first, in words."""
    steps: list[str] = []
    row = source
    while row is not None and len(steps) < 20:
        steps.append(f"{operation_label(row.run.operation)} #{row.position + 1}")
        row = candidates.get(row.parent_id) if row.parent_id else None
    start = ["Brief", "Photo"] if has_base else ["Brief"]
    return (*start, *reversed(steps))
