"""Which failing checks a manager let pass, for the files as they are now. Reads only."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from campaigns.models import PlatformFile, Waiver
from campaigns.models.choices import FindingVerdict
from campaigns.queries import freshness

DISCLOSURE = "disclosure"
UNDECLARED = (
    "Nobody has said yet how the photo was made. Answer that first; then the files say it too."
)

Waived = Mapping[int, Mapping[str, Waiver]]


@dataclass(frozen=True, slots=True)
class Broken:
    """What a file breaks under one check: the value, the limit to the last digit, and as it is
    shown. A check may have several limits."""

    value_text: str
    limit_text: str
    shown: str


def broken(row: PlatformFile, key: str) -> Broken | None:
    """What `row` fails under the check `key`, None when it does not."""
    found = [
        one for one in row.findings
        if one.get("key") == key and one.get("verdict") == FindingVerdict.FAIL
    ]  # fmt: skip
    if not found:
        return None
    return Broken(
        "; ".join(one["value_text"] for one in found),
        "; ".join(one.get("rule") or one["limit_text"] for one in found),
        "; ".join(one["limit_text"] for one in found),
    )


def of(rows: Collection[PlatformFile]) -> Waived:
    """By file and check: those for the bytes that the file has now and for the very limit that it
    breaks. Another limit, another measured value or other bytes: somebody decides anew. One query
    if one fails."""
    failing_rows = {
        row.pk: row for row in rows if row.media is not None and row.verdict == FindingVerdict.FAIL
    }
    found: dict[int, dict[str, Waiver]] = {}
    if not failing_rows:
        return found
    waivers = Waiver.objects.filter(platform_file_id__in=failing_rows).select_related("by")
    for waiver in waivers.order_by("pk"):
        if _holds(waiver, failing_rows[waiver.platform_file_id]):
            found.setdefault(waiver.platform_file_id, {})[waiver.key] = waiver
    return found


def _holds(waiver: Waiver, row: PlatformFile) -> bool:
    now = broken(row, waiver.key)
    return (
        now is not None
        and row.media is not None
        and waiver.sha256 == row.media.sha256
        and waiver.value_text == now.value_text
        # waivers of an earlier version know the limit only as it was shown
        and waiver.limit_text in {now.limit_text, now.shown}
    )


def failing(row: PlatformFile, waived: Waived) -> list[Mapping[str, str]]:
    """The failing findings of a file that nobody let pass."""
    let_pass = waived.get(row.pk, {})
    return [
        found
        for found in row.findings
        if found.get("verdict") == FindingVerdict.FAIL and found.get("key") not in let_pass
    ]


def is_blocked(row: PlatformFile, waived: Waived) -> bool:
    """True when the file may not be packaged: it fails, or could not be made at all."""
    if row.verdict != FindingVerdict.FAIL:
        return False
    could_not = not any(f.get("verdict") == FindingVerdict.FAIL for f in row.findings)
    return could_not or bool(failing(row, waived))


def why_not(rows: Iterable[PlatformFile], waived: Waived, *, is_undeclared: bool) -> list[str]:
    """One sentence for each check that keeps a file from being packaged, and what to do.

    `is_undeclared`: nobody said of one of the asset's photos how it was made; what AI changed of
    it is not known either.
    """
    sentences: list[str] = []
    rows = list(rows)
    undeclared = is_undeclared or any(row.source.media.ai_status == "unknown" for row in rows)
    for row in rows:
        name = f"{row.get_platform_display()} {row.kind}"
        sentences += [f"{name}: {why} Make it again." for why in freshness.changes(row)]
        if row.due_at is not None or not is_blocked(row, waived):
            continue
        stopping = failing(row, waived)
        if not stopping:
            sentences.append(f"{name} could not be made. {row.error}".strip())
        for found in (f for f in stopping if f.get("key") != DISCLOSURE):
            what = f"{found['label'].lower()} is {found['value_text']}, allowed is"
            cure = found.get("remedy", "")
            sentences.append(f"{name}: {what} {found['limit_text']}. {cure}".strip())
    # one question for all files, so said once and first
    return [UNDECLARED, *sentences] if undeclared else sentences


def with_names(row: PlatformFile, waived: Waived) -> tuple[dict[str, str], ...]:
    """The findings of a file, those let pass with who did it and why."""
    let_pass = waived.get(row.pk, {})
    return tuple(_named(found, let_pass.get(str(found.get("key")))) for found in row.findings)


def _named(found: Mapping[str, str], waiver: Waiver | None) -> dict[str, str]:
    if waiver is None or found.get("verdict") != FindingVerdict.FAIL:
        return dict(found)
    return {**found, "waived_by": name_of(waiver), "waived_why": waiver.reason}


def sentences(rows: Iterable[PlatformFile], waived: Waived) -> list[str]:
    """What was let pass, by whom and why: one sentence a check, files of the same one joined."""
    found: dict[str, list[str]] = {}
    for row in rows:
        labels = {check.get("key"): check.get("label", "") for check in row.findings}
        for key, waiver in waived.get(row.pk, {}).items():
            text = f"{labels.get(key) or key} let pass by {name_of(waiver)}: {waiver.reason}"
            found.setdefault(text, []).append(f"{row.get_platform_display()} {row.kind}")
    return [f"{', '.join(names)}: {text}" for text, names in found.items()]


def name_of(waiver: Waiver) -> str:
    """Who let it pass."""
    return waiver.by.get_full_name() or waiver.by.username


def in_words(waivers: Iterable[Waiver]) -> tuple[str, str]:
    """Who and why, for a manifest; several joined."""
    several = list(waivers)
    who = ", ".join(dict.fromkeys(name_of(waiver) for waiver in several))
    return who, "; ".join(dict.fromkeys(waiver.reason for waiver in several))
