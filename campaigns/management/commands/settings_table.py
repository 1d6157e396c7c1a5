"""`manage.py settings_table`: docs/settings.md from the table in env.py, or whether it is fresh."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from campaigns import env

TARGET = settings.BASE_DIR / "docs" / "settings.md"
_HEAD = """# Settings

Every setting is an environment variable; nothing else tells one installation from another.
Each may also be given as `NAME_FILE`, the path of a file that holds the value, so that a secret
need not stand in the environment. A value that makes no sense stops the start with one sentence.

This page is made from `campaigns/env.py` by `manage.py settings_table`; edit it there.
"""


def render() -> str:
    """The whole page as Markdown."""
    lines = [_HEAD]
    for group in dict.fromkeys(setting.group for setting in env.SETTINGS):
        lines += [f"## {group}", "", "| variable | default | meaning |", "|---|---|---|"]
        for setting in env.SETTINGS:
            if setting.group == group:
                default = f"`{setting.default}`" if setting.default else "empty"
                mark = " Secret." if setting.secret else ""
                lines.append(f"| `{setting.name}` | {default} | {setting.meaning}{mark} |")
        lines.append("")
    return "\n".join(lines)


class Command(BaseCommand):
    """Writes the page; with --check only compares it."""

    help = "Write docs/settings.md from the table of settings."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--check", action="store_true", help="Fail when the page is stale.")

    def handle(self, *args: Any, **options: Any) -> None:
        page = render()
        if not options["check"]:
            TARGET.write_text(page, encoding="utf-8")
        elif not TARGET.exists() or TARGET.read_text(encoding="utf-8") != page:
            raise CommandError("docs/settings.md is stale; run manage.py settings_table.")
