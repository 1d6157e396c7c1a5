"""`manage.py simulate_routing SCENARIO.json --json`: what would the router do in this world?

Runs the real decision code against made-up models with given true rates, prices and shifts, beside
one that knows the rates. No database, no key, no network.
"""

from __future__ import annotations

import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from routing import scenarios, whatif
from routing.whatif import Outcome


class Command(BaseCommand):
    """See the module."""

    help = "Play a made-up world with the real router and print what approved assets cost."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("scenario", metavar="SCENARIO.json", type=Path)
        parser.add_argument("--json", action="store_true", help="one JSON document")

    def handle(self, *args: Any, **options: Any) -> None:
        path: Path = options["scenario"]
        try:
            text = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise CommandError(f"{path}: cannot be read as text ({error}).") from error
        try:
            world, rounds = scenarios.load(text, file=str(path))
        except scenarios.BadScenario as error:
            raise CommandError(str(error)) from error
        outcome = whatif.simulate(world, rounds=rounds)
        if options["json"]:
            self.stdout.write(json.dumps(outcome.as_json(), ensure_ascii=False, indent=2))
        else:
            self.stdout.write(_as_text(outcome))


def _as_text(outcome: Outcome) -> str:
    """Costs beside each other, then what each model was asked for."""
    lines = [
        f"{outcome.name}: {outcome.tasks} tasks over {outcome.days:g} days, seed {outcome.seed}",
        "cost per approved asset, people's time included:",
    ]
    for row in outcome.rows:
        low, high = row.interval_micros
        lines.append(
            f"  {row.who:20} {row.mean_micros / 1e6:8.2f}  (80% interval {low / 1e6:.2f} to "
            f"{high / 1e6:.2f}; to providers {row.paid_micros / 1e6:.2f}; "
            f"by hand {row.by_hand} of {outcome.tasks})"
        )
    lines.append("the router asked for:")
    for model in outcome.models:
        lines.append(
            f"  {model.key:20} {model.rounds:5} rounds, {model.outputs:5} outputs, "
            f"{model.approved:5} good"
        )
    for period in outcome.periods:
        shares = ", ".join(f"{key} {share:.0%}" for key, share in period.shares.items())
        lines.append(
            f"from day {period.start:g}: {period.mean_micros / 1e6:.2f} per approved; {shares}"
        )
    return "\n".join(lines)
