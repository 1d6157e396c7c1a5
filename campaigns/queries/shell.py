"""What the shell around every page shows."""

from __future__ import annotations

from datetime import timedelta

from django.db.models import Count, Q
from django.utils import timezone

from campaigns.models import Approval, Asset, Heartbeat, StageRun, Team
from campaigns.models.choices import ApprovalState, RunState, Stage

FRESH = timedelta(seconds=20)


def counts(*, team: Team) -> dict[str, int]:
    """What waits, by navigation key: assets on the board, batches, requests, ready assets."""
    assets = Asset.objects.filter(team=team, archived_at__isnull=True).aggregate(
        board=Count("pk"), exports=Count("pk", filter=Q(stage=Stage.READY))
    )
    return {
        "board": assets["board"],
        "exports": assets["exports"],
        "review": StageRun.objects.filter(
            team=team, state=RunState.REVIEW, asset__archived_at__isnull=True
        ).count(),
        "approvals": Approval.objects.filter(team=team, state=ApprovalState.ASKED).count(),
    }


def workers() -> dict[str, object]:
    """Whether work can be done now, in words: {"ok", "text"}."""
    fresh = Heartbeat.objects.filter(seen_at__gte=timezone.now() - FRESH).values_list(
        "kind", flat=True
    )
    kinds = list(fresh)
    running = sum(1 for kind in kinds if kind.startswith("worker:"))
    missing = [name for name in ("worker:models", "worker:media") if name not in kinds]
    if missing:
        return {"ok": False, "text": "No worker is running: nothing will start"}
    if "scheduler" not in kinds:
        return {"ok": False, "text": f"{running} workers, but no scheduler"}
    return {"ok": True, "text": f"{running} workers" if running != 1 else "1 worker"}
