"""Versions of the platforms' limits: copied, edited as drafts, put in force, taken back.

The limits serve every team here, so only an admin who is staff may change them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone

from campaigns import permissions
from campaigns.actions import events
from campaigns.formats import spec_edit, specs
from campaigns.models import SpecVersion, Team
from campaigns.queries import access, spec_versions
from campaigns.transitions import NotNow

MOST_BYTES = 400_000


class BadSpec(ValueError):
    """The text cannot be used; `text` names the field and what is wrong."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.text = text


def _check(team: Team, by: User) -> None:
    permissions.check_can_manage_models(access.roles(by, team))
    if not by.is_staff:
        raise permissions.NotAllowed(
            "The limits serve every team here, so only the installation's admin may change them. "
            "Nothing was changed."
        )


def copy(*, team: Team, platform: str, source: SpecVersion | None, by: User) -> SpecVersion:
    """A draft with the limits of `source`, or of the file that comes along. Raises NotAllowed."""
    _check(team, by)
    data: dict[str, Any] = dict(source.data if source else spec_versions.shipped(platform))
    with transaction.atomic():
        name = _free_name(platform)
        row = SpecVersion.objects.create(
            platform=platform, version=name, data={**data, "version": name}, by=by,
            note=f"Copy of {data['version']}",
        )  # fmt: skip
        _record(team, "spec.copy", row, by)
    return row


def _free_name(platform: str) -> str:
    today = timezone.now().date().isoformat()
    taken = set(
        SpecVersion.objects.filter(platform=platform, version__startswith=today).values_list(
            "version", flat=True
        )
    ) | {specs.file_of(platform).version}
    tries = (today if number == 1 else f"{today}.{number}" for number in range(1, len(taken) + 2))
    return next(name for name in tries if name not in taken)


class BadLimits(ValueError):
    """Something typed into the form of a placement cannot be used; `errors` by field."""

    def __init__(self, errors: Mapping[str, str]) -> None:
        super().__init__("; ".join(errors.values()))
        self.errors = dict(errors)


def save_limits(
    *, team: Team, row: SpecVersion, placement: str, given: Mapping[str, str], by: User
) -> None:
    """Write one placement of a draft as it was typed into the form.

    Raises NotAllowed, NotNow (it was in force once, or changed since the form was shown),
    BadLimits, BadSpec.
    """
    _check(team, by)
    with transaction.atomic():
        fresh = SpecVersion.objects.select_for_update().get(pk=row.pk)
        if given.get("seen") != spec_edit.seen(fresh.data):
            raise NotNow("Somebody changed this draft meanwhile. Look at it again, then save.")
        data, errors = spec_edit.apply(fresh.data, placement, given)
        if errors:
            raise BadLimits(errors)
        text = json.dumps(data, ensure_ascii=False)
        save(team=team, row=fresh, text=text, note=given.get("note", ""), by=by)


def save(*, team: Team, row: SpecVersion, text: str, note: str, by: User) -> None:
    """Write a draft. Raises NotAllowed, NotNow (it was in force once), BadSpec with the field."""
    _check(team, by)
    data = _read(row, text)
    changed = SpecVersion.objects.filter(pk=row.pk, used_at__isnull=True).update(
        data=data, note=note.strip()[:200]
    )
    if changed != 1:
        raise NotNow(
            "This version was in force, so it stays as it is. Copy it, then edit the copy."
        )


def _read(row: SpecVersion, text: str) -> dict[str, Any]:
    if len(text.encode()) > MOST_BYTES:
        raise BadSpec(f"The text is longer than {MOST_BYTES // 1000} KB. Nothing was changed.")
    try:
        data = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise BadSpec(f"This is not valid JSON: {error}. Nothing was changed.") from error
    if not isinstance(data, dict):
        raise BadSpec("The text must be one JSON object. Nothing was changed.")
    data["version"] = row.version
    try:
        file = specs.parse(data, row.platform)
    except specs.SpecError as error:
        raise BadSpec(f"{error} Nothing was changed.") from error
    if file.platform != row.platform:
        raise BadSpec(f"This version is for {row.platform}. Nothing was changed.")
    return data


def put_in_force(*, team: Team, row: SpecVersion, by: User) -> None:
    """Files are cut and checked by this version from now on; what is made already stays.

    Raises NotAllowed.
    """
    _check(team, by)
    with transaction.atomic():
        SpecVersion.objects.filter(platform=row.platform, is_in_force=True).update(
            is_in_force=False
        )
        fresh = SpecVersion.objects.select_for_update().get(pk=row.pk)
        fresh.is_in_force = True
        fresh.used_at = fresh.used_at or timezone.now()
        fresh.save(update_fields=["is_in_force", "used_at"])
        _record(team, "spec.use", row, by)


def put_back(*, team: Team, platform: str, by: User) -> None:
    """The file that comes along counts again. Raises NotAllowed."""
    _check(team, by)
    with transaction.atomic():
        row = SpecVersion.objects.filter(platform=platform, is_in_force=True).first()
        if row is None:
            return
        SpecVersion.objects.filter(pk=row.pk).update(is_in_force=False)
        _record(team, "spec.put_back", row, by)


def _record(team: Team, verb: str, row: SpecVersion, by: User) -> None:
    events.record(
        team=team, verb=verb, subject="spec", subject_id=row.pk, by=by,
        after={"platform": row.platform, "version": row.version},
    )  # fmt: skip
