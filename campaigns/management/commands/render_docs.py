"""Writes the documents that are made from code, or with --check fails when one is stale."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from campaigns import transitions
from campaigns.permissions import ABILITIES, ROLE_WORDS


def states() -> str:
    """docs/states.md: every machine as a diagram and a table."""
    parts = [
        "# States",
        "",
        "Made by `manage.py render_docs` from `campaigns/transitions.py`. Each arrow is one",
        "conditional UPDATE that names the state it expects; anything else is refused by name.",
        "",
    ]
    for name, machine in transitions.MACHINES.items():
        parts += [f"## {name}", "", "```mermaid", "stateDiagram-v2"]
        arrows = [
            f"    {state} --> {to}: {event}"
            for state, events in machine.items()
            for event, to in events.items()
        ]
        parts += [f"    [*] --> {next(iter(machine))}", *arrows]
        parts += [f"    {state} --> [*]" for state, events in machine.items() if not events]
        parts += ["```", "", "| from | event | to |", "|---|---|---|"]
        parts += [
            f"| {state} | {event} | {to} |"
            for state, events in machine.items()
            for event, to in events.items()
        ]
        parts.append("")
    return "\n".join(parts)


def roles() -> str:
    """docs/roles.md: who may do what."""
    names = list(ROLE_WORDS)
    parts = [
        "# Roles",
        "",
        "Made by `manage.py render_docs` from `campaigns/permissions.py`. One person may hold",
        "several roles. Whoever is not in a team gets 404 for everything in it.",
        "",
        "| | " + " | ".join(ROLE_WORDS[name] for name in names) + " |",
        "|---|" + "---|" * len(names),
    ]
    for allowed, words in ABILITIES.values():
        marks = " | ".join("yes" if name in allowed else "" for name in names)
        parts.append(f"| {words} | {marks} |")
    return "\n".join([*parts, ""])


DOCUMENTS = {"docs/states.md": states, "docs/roles.md": roles}


class Command(BaseCommand):
    """`manage.py render_docs [--check]`."""

    help = "Write the documents that are made from code."

    def add_arguments(self, parser: CommandParser) -> None:
        """--check writes nothing."""
        parser.add_argument("--check", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        """Write, or compare."""
        for name, make in DOCUMENTS.items():
            path = Path(settings.BASE_DIR) / name
            fresh = make()
            if not options["check"]:
                path.write_text(fresh, encoding="utf-8")
            elif not path.exists() or path.read_text(encoding="utf-8") != fresh:
                raise CommandError(f"{name} is stale. Run: manage.py render_docs")
