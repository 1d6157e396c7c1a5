"""`manage.py check_media FILE... --platform reels [--placement ID] [--json]`: would they take it?

Measures files against the platform specs without a database. Exit code 0 when nothing fails, 1 when
something fails or a file cannot be read.
"""

from __future__ import annotations

import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from campaigns.formats import specs
from campaigns.formats.measured import Unreadable, measure
from campaigns.formats.spec_check import Report, check_measured, worst_of

_SIGNS = {"pass": "ok  ", "warn": "WARN", "fail": "FAIL", "info": "info"}


class Command(BaseCommand):
    """See the module."""

    help = "Check pictures and clips against a platform's limits; exit 1 when one fails."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("files", nargs="+", metavar="FILE", type=Path)
        parser.add_argument("--platform", required=True, choices=specs.PLATFORMS)
        parser.add_argument(
            "--placement", metavar="ID", help="a spec's id instead of the platform's usual one"
        )
        parser.add_argument("--json", action="store_true", help="one JSON document")

    def handle(self, *args: Any, **options: Any) -> None:
        platform, placement = options["platform"], options["placement"]
        chosen = _placement(platform, placement) if placement else None
        results = [_check(path, platform, chosen) for path in options["files"]]
        if options["json"]:
            self.stdout.write(json.dumps(_as_json(results, platform), ensure_ascii=False, indent=2))
        else:
            for result in results:
                self.stdout.write(_as_text(result))
        failed = sum(_verdict(result) == "fail" for result in results)
        if failed:
            raise CommandError(f"{failed} of {len(results)} cannot be used on {platform}.")


_Result = tuple[Path, Report | str]


def _placement(platform: str, spec_id: str) -> specs.Spec:
    offered = [spec.id for spec in specs.file_of(platform).specs]
    if spec_id not in offered:
        raise CommandError(
            f"There is no placement {spec_id!r} on {platform}; choose one of {', '.join(offered)}."
        )
    return specs.by_id(spec_id)


def _check(path: Path, platform: str, chosen: specs.Spec | None) -> _Result:
    try:
        measured = measure(path)
    except Unreadable as error:
        return (path, str(error))
    spec = chosen or specs.for_platform(platform, measured.kind)
    return (path, check_measured(measured, spec))


def _verdict(result: _Result) -> str:
    report = result[1]
    return "fail" if isinstance(report, str) else report.verdict


def _as_json(results: list[_Result], platform: str) -> dict[str, Any]:
    files = []
    for path, report in results:
        entry: dict[str, Any] = {"file": str(path), "verdict": _verdict((path, report))}
        if isinstance(report, str):
            entry["error"] = report
        else:
            entry["spec"] = {"id": report.spec_id, "version": report.spec_version}
            entry["findings"] = [finding.as_json() for finding in report.findings]
        files.append(entry)
    verdict = worst_of(entry["verdict"] for entry in files)
    return {"platform": platform, "verdict": verdict, "files": files}


def _as_text(result: _Result) -> str:
    path, report = result
    if isinstance(report, str):
        return f"{path}: FAIL\n  {report}\n"
    lines = [f"{path}: {report.verdict.upper()} ({report.spec_id}, {report.spec_version})"]
    for finding in report.findings:
        lines.append(
            f"  {_SIGNS[finding.verdict]}  {finding.label}: {finding.value_text}"
            f" (allowed: {finding.limit_text})"
        )
        if finding.verdict != "pass":
            if finding.remedy:
                lines.append(f"        {finding.remedy}")
            lines.append(f"        Source: {finding.source}, {finding.source_date}")
    return "\n".join([*lines, ""])
