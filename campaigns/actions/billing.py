"""What an attempt is billed: by what ran, not by what was asked for or what the catalog says today.

The provider's own figure wins. Else the price frozen in the run's decision is multiplied with what
the provider reports, and where it reports nothing, with what was measured of the files that came.
Changes no balance: that is `campaigns.actions.spending`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from django.db import transaction

from campaigns.models import Attempt, Media
from routing import money, pricing
from routing.providers.base import Usage

REPORTED, METERED, MEASURED, SHARE = "reported", "metered", "measured", "share"
PERSON = "person"


@dataclass(frozen=True, slots=True)
class Billed:
    """What to settle, by which `basis`, and the difference to the estimate in words, if any."""

    micros: int
    basis: str
    text: str


def remember(*, attempt: Attempt, usage: Usage | None) -> None:
    """Keep what the provider says it ran. The last word counts, silence changes nothing."""
    if usage is None:
        return
    with transaction.atomic():
        fresh = Attempt.objects.select_for_update().get(pk=attempt.pk)
        attempt.ran = {**fresh.ran, **usage.as_json()}
        attempt.credits_micros = fresh.credits_micros
        if usage.credits_micros is not None:
            attempt.credits_micros = usage.credits_micros
        Attempt.objects.filter(pk=attempt.pk).update(
            ran=attempt.ran, credits_micros=attempt.credits_micros
        )


def of_outputs(*, attempt: Attempt) -> Billed:
    """The bill of an attempt whose outputs came, all or some. Without any figure and without a
    frozen price it is the share of the hold that came, rounded up."""
    usage = Usage.from_json(attempt.ran)
    made, asked = attempt.candidates.count(), max(1, len(attempt.seeds))
    found = _reported(attempt, usage) or _metered(attempt, usage) or _measured(attempt)
    micros, basis = found or (-(-attempt.reserved_micros * min(made, asked) // asked), SHARE)
    return _kept(attempt, micros, basis, came=(made, asked))


def of_failure(*, attempt: Attempt) -> Billed:
    """The bill of accepted work that failed and was billed: the whole hold, unless it is known."""
    usage = Usage.from_json(attempt.ran)
    found = _reported(attempt, usage) or _metered(attempt, usage)
    micros, basis = found or (attempt.reserved_micros, SHARE)
    return _kept(attempt, micros, basis)


def of_stopped(*, attempt: Attempt) -> Billed:
    """The bill of work that the provider stopped: what it says it took until then, else nothing."""
    found = _reported(attempt, Usage.from_json(attempt.ran))
    micros, basis = found or (0, REPORTED)
    return _kept(attempt, micros, basis)


def by_person(*, attempt: Attempt, micros: int) -> Billed:
    """The bill that a manager read from the provider's invoice."""
    return _kept(attempt, micros, PERSON)


def _kept(attempt: Attempt, micros: int, basis: str, came: tuple[int, int] | None = None) -> Billed:
    """Write the bill beside what ran, so that it can be retraced."""
    billed = Billed(micros, basis, _words(attempt, micros, basis, came))
    attempt.ran = {
        **attempt.ran,
        "bill": {
            "micros": micros,
            "basis": basis,
            "estimated_micros": attempt.run.expected_micros,
            "text": billed.text,
        },
    }
    Attempt.objects.filter(pk=attempt.pk).update(ran=attempt.ran)
    return billed


def _reported(attempt: Attempt, usage: Usage) -> tuple[int, str] | None:
    """The provider's own figure, if it is in the run's currency and no mistake."""
    if usage.cost_micros is None or usage.cost_micros < 0:
        return None
    if usage.currency and usage.currency != attempt.run.currency:
        return None
    return usage.cost_micros, usage.basis or REPORTED


def _metered(attempt: Attempt, usage: Usage) -> tuple[int, str] | None:
    rule = pricing.rule_of(_frozen(attempt))
    bill = pricing.bill(rule, usage) if rule else None
    return (bill.micros, METERED) if bill else None


def _measured(attempt: Attempt) -> tuple[int, str] | None:
    """The frozen price for each file that came, at the size and length it really has."""
    rule = pricing.rule_of(_frozen(attempt))
    if rule is None:
        return None
    usage = replace(Usage.from_json(attempt.ran), count=1)
    total = 0
    for media in Media.objects.filter(pk__in=attempt.candidates.values("media")).order_by("pk"):
        bill = pricing.bill(
            rule,
            replace(
                usage,
                width=usage.width or media.width,
                height=usage.height or media.height,
                seconds=media.duration_s if usage.seconds is None else usage.seconds,
            ),
        )
        if bill is None:
            return None
        total += bill.micros
    return total, MEASURED


def _frozen(attempt: Attempt) -> dict[str, object]:
    """The choice that was taken, with its price as it was then; {} in a run of older days."""
    choices = attempt.run.decision.get("choices") or [{}]
    mine = next((one for one in choices if one.get("key") == attempt.model), choices[0])
    return mine if isinstance(mine, dict) else {}


def _words(attempt: Attempt, micros: int, basis: str, came: tuple[int, int] | None) -> str:
    """ "estimated $0.16, billed $0.12: 3 of 4 came"; nothing when there is no difference."""
    run = attempt.run
    if micros == run.expected_micros:
        return ""
    estimated = money.text(run.expected_micros, run.currency)
    text = f"estimated {estimated}, billed {money.text(micros, run.currency)}"
    if came and came[0] != came[1]:
        return f"{text}: {came[0]} of {came[1]} came"
    why = {
        REPORTED: "as the provider says",
        METERED: "by what the provider says it ran",
        MEASURED: "by the size and length of what came",
        PERSON: "as a manager says",
    }.get(basis, "")
    return f"{text}: {why}" if why else text
