"""`manage.py route --operation image_to_video --motion subtle --seconds 5 --json`: who does it?

Asks the decision code about this installation's catalog and providers and prints the answer. Writes
nothing and starts nothing. Exit code 1 when no model can do it.
"""

from __future__ import annotations

import json
from argparse import ArgumentParser
from dataclasses import replace
from decimal import Decimal, InvalidOperation
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from campaigns import wiring
from campaigns.actions import planning
from campaigns.models import Team
from campaigns.queries import beliefs, recent
from campaigns.stages.animate import PROFILES
from routing import decide, explain, index, money
from routing.decide import Decision, People
from routing.need import FIDELITY_OF, TIERS, Need
from routing.stages import OPERATIONS


class Command(BaseCommand):
    """See the module."""

    help = "Print which model this installation would take, what it costs and why not another."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--operation", required=True, choices=[*OPERATIONS])
        parser.add_argument(
            "--motion", default="", help=f"of a clip: {', '.join(PROFILES)}, or how one begins"
        )
        parser.add_argument("--seconds", type=float, default=0.0, help="length of a clip")
        parser.add_argument(
            "--count", type=int, default=4, help="outputs wanted; 4 unless said, 0: what pays off"
        )
        parser.add_argument("--purpose", choices=[*FIDELITY_OF], default="social")
        parser.add_argument("--highest-tier", choices=TIERS, default="")
        parser.add_argument("--money", help="money left for the batch, such as 1.50")
        parser.add_argument("--deadline", type=float, help="seconds left")
        parser.add_argument("--width", type=int, default=0, help="pixels the output must reach")
        parser.add_argument("--height", type=int, default=0)
        parser.add_argument("--mask", action="store_true", help="only a painted part may change")
        parser.add_argument("--locale", default="", help="language of the words a model sets")
        parser.add_argument("--pin", default="", metavar="KEY", help="take this model or none")
        parser.add_argument("--team", metavar="SLUG", help="as this team would be answered")
        parser.add_argument("--json", action="store_true", help="one JSON document")

    def handle(self, *args: Any, **options: Any) -> None:
        decision = _decided(_need(options), _team(options["team"]), options["count"])
        if options["json"]:
            answer = {"sentence": explain.sentence(decision), **decision.as_json()}
            self.stdout.write(json.dumps(answer, ensure_ascii=False, indent=2))
        else:
            self.stdout.write(_as_text(decision))
        if decision.best is None:
            raise CommandError("No model can do this now; the lines above say why.")


def _need(options: dict[str, Any]) -> Need:
    operation = OPERATIONS[options["operation"]]
    if not 0 <= options["count"] <= 64:
        raise CommandError("--count must lie between 1 and 64, or be 0 for what pays off.")
    if operation.makes_clip and not 0 < options["seconds"] <= 60:
        raise CommandError("--seconds must say how long the clip is: more than 0, at most 60.")
    if not operation.makes_clip and (options["seconds"] or options["motion"]):
        raise CommandError(f"{operation.key} makes a still: leave --seconds and --motion out.")
    return Need(
        stage=str(operation.stage),
        operation=operation.key,
        purpose=options["purpose"],
        count=options["count"] or planning.USUAL_COUNT,
        seconds=options["seconds"],
        motion_profile=_profile(options["motion"]),
        ceiling="high",
        highest_tier=options["highest_tier"],
        money_left_micros=_micros(options["money"]),
        deadline_s=options["deadline"],
        width=options["width"],
        height=options["height"],
        wants_mask=options["mask"],
        headline_locale=options["locale"],
        text_words=1 if options["locale"] else 0,
        pinned_model=options["pin"],
    )


def _profile(word: str) -> str:
    """The motion profile that begins like `word`."""
    found = [profile for profile in PROFILES if profile.startswith(word)] if word else [""]
    if len(found) != 1:
        raise CommandError(f"There is no motion {word!r}; choose one of {', '.join(PROFILES)}.")
    return found[0]


def _micros(written: str | None) -> int | None:
    if written is None:
        return None
    try:
        amount = Decimal(written)
    except InvalidOperation as error:
        raise CommandError("--money must be an amount, such as 1.50.") from error
    if not amount.is_finite() or amount < 0:
        raise CommandError("--money must be an amount of 0 or more, such as 1.50.")
    return money.promise(amount)


def _team(slug: str | None) -> Team | None:
    if slug is None:
        return None
    team = Team.objects.filter(slug=slug).first()
    if team is None:
        known = Team.objects.order_by("slug").values_list("slug", flat=True)
        raise CommandError(f"There is no team {slug!r}; there is {', '.join(known) or 'none'}.")
    return team


def _decided(need: Need, team: Team | None, count: int) -> Decision:
    """The decision as a click of the team would get it; without a team, by the catalog alone."""
    sizes = (count,) if count else index.SIZES
    now = wiring.circumstances()
    if team is None:
        return decide.decide(need, planning.cards(), now, People(), sizes=sizes)
    past = recent.of_team(team.pk)
    return decide.decide(
        need,
        planning.cards(),
        replace(now, frozen=past.frozen),
        planning.people(team.review_rate_micros_per_hour),
        belief=beliefs.of_team(team.pk).get(need.stage),
        sizes=sizes,
        explore=planning.exploration(team.explore_percent),
        recent=past.runs.get(need.stage, {}),
    )


def _as_text(decision: Decision) -> str:
    """The sentence, then a line a model: taken, next in order, left out with the reason."""
    lines = [explain.sentence(decision)]
    if decision.relaxation:
        lines.append(
            f"It would be possible {decision.relaxation.text}: {decision.relaxation.label}."
        )
    for place, choice in enumerate(decision.choices):
        lines.append(
            f"  {'take' if place == 0 else 'next'}  {choice.card.label} x {choice.count}: "
            f"{money.text(choice.per_approved_micros, choice.card.currency)} per approved asset "
            f"with people's time, {choice.chance:.0%} chance of a keeper, {choice.seconds:.0f} s"
        )
    lines += [f"  out   {loser.label}: {loser.text}" for loser in decision.losers]
    lines += [f"  note  {note.text}" for note in decision.notes]
    return "\n".join(lines)
