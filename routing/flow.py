"""The route as a flowchart: every rule in order, how often it decided, and one decision's branch.

Reads decisions as they were stored (`decision.as_json` and `told`), so that counts and branches
are those of the day they were made. It decides nothing and knows no row of a database.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from routing.policy import RULES

MOST_NAMED = 3

GUARDS: tuple[tuple[str, str], ...] = (
    ("waste", "Waste guard: a tool far above the job"),
    ("reroll", "Re-roll guard: the third re-roll of a prompt"),
    ("concentration", "Concentration: most work on one model"),
    ("ending", "Maker announced the end"),
    ("stopped", "By hand is cheaper now"),
)

# How a run went on after the decision: branch keys and words, in the order they are drawn.
BRANCHES: tuple[tuple[str, str], ...] = (
    ("at_once", "Started at once"),
    ("rule", "A standing rule said yes"),
    ("approved", "A manager approved"),
    ("waiting", "Waits for a manager"),
    ("refused", "Declined or expired"),
)


@dataclass(frozen=True, slots=True)
class Past:
    """One stored decision, which `branch` its run took, and when it is the one to highlight."""

    decision: Mapping[str, Any]
    branch: str
    is_here: bool = False


@dataclass(frozen=True, slots=True)
class Step:
    """One box. It had a say in `count` decisions; `named` are the models it spoke of most, with
    how often. `here` says what it did to the highlighted decision; empty where it let it pass."""

    key: str
    label: str
    count: int
    named: tuple[tuple[str, int], ...] = ()
    here: tuple[str, ...] = ()

    @property
    def is_here(self) -> bool:
        """True when the highlighted decision was shaped by this box."""
        return bool(self.here)


@dataclass(frozen=True, slots=True)
class Group:
    """Boxes that are asked together: `rules`, `person`, `order`, `guards` or `branches`."""

    key: str
    label: str
    steps: tuple[Step, ...]

    @property
    def said(self) -> tuple[Step, ...]:
        """The boxes that had a say."""
        return tuple(step for step in self.steps if step.count)

    @property
    def silent(self) -> tuple[Step, ...]:
        """The boxes that had none."""
        return tuple(step for step in self.steps if not step.count)


@dataclass(frozen=True, slots=True)
class Flow:
    """The whole chart over `total` decisions."""

    total: int
    groups: tuple[Group, ...]


class _Box:
    """Counts of one box while decisions are read."""

    def __init__(self) -> None:
        self.count = 0
        self.named: Counter[str] = Counter()
        self.here: list[str] = []

    def said(self, of: Iterable[tuple[str, str]], *, is_here: bool) -> None:
        """`of` are (model, words) of one decision; nothing said counts nothing."""
        found = list(of)
        if not found:
            return
        self.count += 1
        self.named.update({name for name, _ in found if name})
        if is_here:
            self.here.extend(words for _, words in found)

    def step(self, key: str, label: str) -> Step:
        ranked = sorted(self.named.items(), key=lambda entry: (-entry[1], entry[0]))
        return Step(key, label, self.count, tuple(ranked[:MOST_NAMED]), tuple(self.here))


def flow(past: Sequence[Past]) -> Flow:
    """Counts per box over stored decisions, and the branch of the highlighted one."""
    rules = {rule.codes[0]: _Box() for rule in RULES}
    first_code = {code: rule.codes[0] for rule in RULES for code in rule.codes}
    guards = {key: _Box() for key, _ in GUARDS}
    branches = {key: _Box() for key, _ in BRANCHES}
    person = {key: _Box() for key in ("overruled", "agreed", "free")}
    order = {key: _Box() for key in ("catalog", "picks", "deadline", "exploring")}
    for one in past:
        decision, here = one.decision, one.is_here
        losers = decision.get("losers", [])
        for key, box in rules.items():
            box.said(
                ((x["label"], f"{x['label']}: {x['text']}") for x in losers
                 if first_code.get(x["code"]) == key),
                is_here=here,
            )  # fmt: skip
        best = next(iter(decision.get("choices", [])), None)
        name = str(best["label"]) if best else ""
        key, words = _person(decision, name)
        person[key].said([(name, words)], is_here=here)
        for key, words in _order(decision, name):
            order[key].said([(name, words)], is_here=here)
        for note in decision.get("notes", []):
            if note["code"] in guards:
                guards[note["code"]].said([(name, note["text"])], is_here=here)
        if one.branch in branches:
            branches[one.branch].said([(name, name)], is_here=here)
    return Flow(
        len(past),
        (
            Group(
                "rules",
                "Hard rules put models out",
                tuple(rules[rule.codes[0]].step(rule.codes[0], rule.label) for rule in RULES),
            ),
            Group(
                "person",
                "A person may pick",
                tuple(
                    person[key].step(key, label)
                    for key, label in (
                        ("free", "Nobody picked: the order decides"),
                        ("agreed", "A person picked the first choice"),
                        ("overruled", "A person picked another, with a reason"),
                    )
                ),
            ),
            Group(
                "order",
                "Lowest expected cost per approved asset first",
                tuple(
                    order[key].step(key, label)
                    for key, label in (
                        ("catalog", "By the catalog: too few picks yet"),
                        ("picks", "By what the team kept and rejected"),
                        ("deadline", "Few rounds left: by the deadline plan"),
                        ("exploring", "Taken to learn, within the premium"),
                    )
                ),
            ),
            Group(
                "guards",
                "Guards warn and name the cheap way",
                tuple(guards[key].step(key, label) for key, label in GUARDS),
            ),
            Group(
                "branches",
                "The spend gate",
                tuple(branches[key].step(key, label) for key, label in BRANCHES),
            ),
        ),
    )


def _person(decision: Mapping[str, Any], name: str) -> tuple[str, str]:
    """Which of the three branches, and what is said of it."""
    pinned = (decision.get("need") or {}).get("pinned_model", "")
    if not pinned:
        return "free", "Nobody picked a model"
    if not decision.get("overruled"):
        return "agreed", f"{name} was picked and stands first anyway"
    reason = str(decision.get("by_hand", "")).strip()
    first = _label_of(decision, str(decision["overruled"]))
    said = f"{name} was picked instead of {first}"
    return "overruled", f"{said}: “{reason}”" if reason else said


def _label_of(decision: Mapping[str, Any], key: str) -> str:
    found = [x["label"] for x in decision.get("choices", []) if x["key"] == key]
    return str(found[0]) if found else key


def _order(decision: Mapping[str, Any], name: str) -> list[tuple[str, str]]:
    """What ordered the models: the evidence, the plan, and whether it was to learn."""
    if not name:
        return []
    able = len(decision.get("choices", []))
    basis = "picks" if decision.get("basis") == "picks" else "catalog"
    first = "stands first" if able > 1 else "is the only one left"
    found = [(basis, f"{name} {first} of {able}" if able > 1 else f"{name} {first}")]
    if decision.get("plan") == "deadline":
        found.append(("deadline", f"{decision.get('rounds_left')} rounds are left at most"))
    if decision.get("exploring"):
        better = decision["exploring"].get("better_label", "")
        found.append(("exploring", f"{name} was taken to learn; {better} is first on averages"))
    return found
