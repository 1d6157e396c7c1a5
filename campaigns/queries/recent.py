"""What a team did lately that a route looks at: runs by model, defects by model, re-rolls.

Reads rows, writes none.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from campaigns.models import Asset, Candidate, StageRun, VersionWatch
from campaigns.models.choices import RunState, Stage, Verdict
from routing.complexity import Demands, Record
from routing.need import stored_need

LAST_RUNS = 60  # a stage's newest runs that the concentration warning counts
LAST_VERDICTS = 200
LAST_OUTPUTS = 1000  # newest judged pictures that defects are learned from


@dataclass(frozen=True, slots=True)
class Past:
    """`runs` by stage and model key, newest ones only; `records` of defects by "key@version";
    `frozen` versions are not used unasked."""

    runs: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    records: Mapping[str, Record] = field(default_factory=dict)
    frozen: frozenset[str] = frozenset()


NOTHING = Past()


def of_team(team_id: int) -> Past:
    """Three queries, whatever the team did."""
    return Past(_runs(team_id), _records(team_id), frozen(team_id))


def frozen(team_id: int) -> frozenset[str]:
    """Versions ("key@version") that a watch or a person took out."""
    out = VersionWatch.objects.filter(team_id=team_id, alarmed_at__isnull=False)
    return frozenset(f"{model}@{version}" for model, version in out.values_list("model", "version"))


def _runs(team_id: int) -> dict[str, Counter[str]]:
    newest = (
        StageRun.objects.filter(team_id=team_id, asset__is_golden=False)
        .order_by("-pk")
        .values_list("stage", "model")[: LAST_RUNS * len(Stage)]
    )
    found: dict[str, Counter[str]] = defaultdict(Counter)
    for stage, model in newest:
        if found[stage].total() < LAST_RUNS:
            found[stage][model] += 1
    return dict(found)


def _records(team_id: int) -> dict[str, Record]:
    """Defects by model version over what was judged in generation, oldest first."""
    judged = (
        Candidate.objects.filter(
            team_id=team_id, run__stage=Stage.GENERATION, run__state=RunState.DONE
        )
        .exclude(verdict=Verdict.PENDING)
        .order_by("-pk")
        .values_list("run__model", "attempt__model_version", "run__decision__need", "defect")
    )
    found: dict[str, Record] = {}
    for model, version, stored, defect in reversed(list(judged[:LAST_OUTPUTS])):
        need = stored_need(stored)
        demands = Demands.of(need) if need else Demands()
        if demands.is_none:
            continue
        name = f"{model}@{version}"
        found[name] = found.get(name, Record()).after(demands, {defect} if defect else ())
    return found


@dataclass(frozen=True, slots=True)
class Rolled:
    """`count` says how often a prompt is rolled again, the time about to start included; `defect`
    is the tag that stands on most rejects of the last round, "" for none."""

    count: int = 0
    defect: str = ""


NEVER = Rolled()


def rolls(*, asset: Asset) -> dict[str, Rolled]:
    """By operation, what the judged rounds since its last keeper say. One query."""
    rounds = (
        StageRun.objects.filter(asset=asset, state=RunState.DONE)
        .order_by("-judged_at", "-pk", "candidates__position")
        .values_list("operation", "pk", "candidates__verdict", "candidates__defect")
    )
    said: dict[str, dict[int, list[tuple[str, str]]]] = defaultdict(lambda: defaultdict(list))
    for operation, pk, verdict, defect in rounds[:LAST_VERDICTS]:
        said[operation][pk].append((verdict or "", defect or ""))
    return {operation: _rolled(list(rounds.values())) for operation, rounds in said.items()}


def _rolled(rounds: Sequence[Sequence[tuple[str, str]]]) -> Rolled:
    """`rounds` of (verdict, defect), the newest first."""
    count = 0
    for verdicts in rounds:
        if any(verdict == Verdict.KEPT for verdict, _ in verdicts):
            break
        count += 1
    last = Counter(defect for _, defect in rounds[0] if defect) if count else Counter[str]()
    return Rolled(count, min(last, key=lambda tag: (-last[tag], tag), default=""))
