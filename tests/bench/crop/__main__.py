"""`bin/bench crop [--quick] [--only NAME ...] [--json FILE] [--worst FOLDER]`: see README.md."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from campaigns.formats import specs
from imaging.safezone import SafeZone
from tests.bench.crop import measures, pictures, report, runners, worst


def main() -> None:
    """Make the pictures, let every cropper do all of them, print the table."""
    parser = argparse.ArgumentParser(prog="bin/bench crop")
    parser.add_argument("--quick", action="store_true", help="every fourth picture")
    parser.add_argument("--only", nargs="+", choices=runners.METHODS, help="these croppers alone")
    parser.add_argument("--json", type=Path, metavar="FILE", help="every figure and every box")
    parser.add_argument(
        "--worst", type=Path, metavar="FOLDER", help="our weakest crops as a list and pictures"
    )
    options = parser.parse_args()
    zone = SafeZone.from_spec(specs.universal().safe_zone.as_dict())
    truths = pictures.build(pictures.CARRIERS / "pictures")
    if options.quick:
        truths = truths[::4]
    cases = {
        (truth.name, target): measures.case(truth, target, zone if target == "9:16" else None)
        for truth in truths
        for target in measures.TARGETS
    }
    answers: dict[str, dict[str, Any]] = {"oracle": report.oracle(cases)}
    for name in options.only or runners.METHODS:
        print(f"{name} ...", flush=True)
        answers[name] = runners.run(name, truths, specs.universal().safe_zone.as_dict())
    scored = {name: report.score(answer, cases) for name, answer in answers.items()}
    print(report.table(scored, truths))
    if options.json:
        options.json.write_text(
            json.dumps(report.as_json(scored, answers, truths), indent=1), encoding="utf-8"
        )
    if options.worst and "ours" in scored:
        worst.write(options.worst, scored["ours"], scored["oracle"], cases)


if __name__ == "__main__":
    main()
