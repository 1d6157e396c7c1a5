"""The last gate: a person says yes to the very files that will be packaged.

The decision itself is `curation.pass_gate`; this adds what only QA knows: every file is made, none
fails its platform's limits, and no crop moved since the person looked.
"""

from __future__ import annotations

from collections.abc import Collection

from django.contrib.auth.models import User
from django.db import transaction

from campaigns import permissions
from campaigns.actions import curation, events, platform_files
from campaigns.models import Asset, PlatformFile
from campaigns.models.choices import RunState
from campaigns.queries import access, declarations, qa, waivers
from campaigns.transitions import NotNow


def approve(*, asset: Asset, met: Collection[str], seen: str, by: User) -> curation.Passed:
    """Approve the asset's platform files for export, with the criteria in `met`.

    `seen` is `Overview.seen` of the page the person looked at. Raises NotAllowed, NotNow (decided
    already, a file fails or is being made, a crop moved meanwhile), BelowGate.
    """
    permissions.check_can_judge(access.roles(by, asset.team))
    with transaction.atomic():
        # moving a crop takes the same lock: one of the two sees the other
        Asset.objects.select_for_update(of=("self",)).get(pk=asset.pk)
        fresh = access.asset(asset.team, asset.pk)
        run = qa.run_of(fresh)
        if (
            run is None
            or fresh.current is None
            or run.state not in {RunState.REVIEW, RunState.DONE}
        ):
            raise NotNow("Its files are not made yet. Wait for them, then approve.")
        rows = platform_files.of_asset(fresh)
        if run.state == RunState.REVIEW:
            _check(rows, seen)
        passed = curation.pass_gate(run=run, candidate=fresh.current, met=met, by=by)
        events.record(
            team=run.team,
            verb="files.approve",
            subject="run",
            subject_id=run.pk,
            asset_id=asset.pk,
            by=by,
            after={f"{row.platform} {row.kind}": row.media.sha256 for row in rows if row.media},
        )
    return passed


def _check(rows: list[PlatformFile], seen: str) -> None:
    if any(row.due_at is not None for row in rows):
        raise NotNow("A file is still being made. Wait for it, look at it, then approve.")
    if not rows:
        raise NotNow("This asset has no platform ticked, so there is nothing to approve.")
    said = declarations.of_asset(rows[0].asset)
    failing = waivers.why_not(rows, waivers.of(rows), is_undeclared=said.is_open)
    if failing:
        raise NotNow(f"It cannot be approved yet. {failing[0]} Nothing was changed.")
    if seen != qa.seen_by(rows):
        raise NotNow("A crop was moved since you looked. Look at it again, then approve.")
