"""Assets in QA and behind it, made through the line with the photo itself as the one candidate."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import sklearn
from django.contrib.auth.models import User

from campaigns.actions import curation, planning, qa_gate
from campaigns.models import AdSet, Asset
from campaigns.queries import access, qa
from tests import factories

CHINA = Path(sklearn.__file__).parent / "datasets" / "images" / "china.jpg"  # a wide scene
STRAIGHT = {stage: {"operation": "pass"} for stage in ("edit", "polish", "animate")}


def criteria(stage: str) -> list[str]:
    """All keys of a stage's checklist."""
    return [item["key"] for item in planning.criteria(stage)]


def fresh(asset: Asset) -> Asset:
    """The asset as a screen would get it."""
    return access.asset(asset.team, asset.pk)


def in_qa(
    ad_set: AdSet, *, by: User, path: Path = factories.COFFEE, wanted: Any = STRAIGHT, **brief: Any
) -> Asset:
    """An asset whose platform files are made and wait for approval."""
    photo = factories.photo(ad_set.campaign.team, by=by, path=path)
    values = {"as_is": True, "count": 1, "bases": (photo,), "wanted": wanted, **brief}
    asset = factories.asset(ad_set, by=by, **values)
    for _ in range(8):
        factories.drain()
        run = factories.open_run(asset)
        if run.stage == "qa":
            return fresh(asset)
        curation.approve(
            run=run, candidate=run.candidates.order_by("pk")[0], met=criteria(run.stage), by=by
        )
    raise AssertionError("the asset never came to QA")


def approve(asset: Asset, *, by: User, seen: str | None = None) -> Asset:
    """Pass the last gate with every criterion ticked."""
    now = fresh(asset)
    found = qa.overview(asset=now).seen if seen is None else seen
    qa_gate.approve(asset=now, met=criteria("qa"), seen=found, by=by)
    return fresh(asset)


def ready(ad_set: AdSet, *, by: User, **values: Any) -> Asset:
    """An asset that may be packaged."""
    return approve(in_qa(ad_set, by=by, **values), by=by)
