"""Decision -> sentences that a person reads in five seconds. Every number is the decision's."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from routing import complexity, money
from routing.complexity import CardOutlook
from routing.decision import Choice, Decision
from routing.learning import Tally
from routing.need import Need
from routing.stages import OPERATIONS

MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table of models: `rank` 0 for those that are out, with `reason`."""

    rank: int
    key: str
    label: str
    reason: str
    per_approved_micros: int | None = None
    chance: float | None = None
    evidence: str = ""


def sentence(decision: Decision, currency: str = "USD") -> str:
    """One sentence on why the first choice was taken, or what stands in the way."""
    best = decision.best
    if best is None:
        return problem(decision)
    work = OPERATIONS[decision.need.operation].label.lower()
    cost = _cost(best, currency)
    if decision.need.pinned_model:
        return f"{best.card.label} was chosen by hand to {work}: {cost}."
    if decision.basis == "picks":
        return f"{batch(best)}: {chance(best)}; {parts(decision, currency)}."
    rivals = len(decision.choices) - 1
    if rivals:
        return (
            f"{best.card.label} to {work}: lowest expected cost of {rivals + 1} that can, {cost}."
        )
    if decision.losers:
        return (
            f"{best.card.label} to {work}: the only one of {len(decision.losers) + 1} "
            f"that can run here now, {cost}."
        )
    return f"{best.card.label} to {work}: the only model for it, {cost}."


def problem(decision: Decision) -> str:
    """Why nothing can be done, and the one thing to give up that would change it."""
    way = decision.relaxation
    if way is None:
        return decision.problem
    return f"{decision.problem} {way.label} could {way.text}."


def batch(choice: Choice) -> str:
    """The model and how many outputs: "Kling Pro, 2 outputs"."""
    return f"{choice.card.label}, {choice.count} output{'' if choice.count == 1 else 's'}"


def chance(choice: Choice) -> str:
    """The chance of a keeper: "74 % chance of at least one keeper"."""
    if choice.count == 1:
        return f"{percent(choice.chance)} chance that it is kept"
    return f"{percent(choice.chance)} chance of at least one keeper"


def parts(decision: Decision, currency: str = "USD") -> str:
    """Expected cost per approved asset of the first choice and what it is made of."""
    best = decision.best
    if best is None:
        return ""
    people = decision.people
    review = round(best.count * people.review_micros / best.chance)
    handoff = best.per_approved_micros - best.money_per_approved_micros - review
    return (
        f"expected {money.text(best.per_approved_micros, currency)} per approved asset "
        f"({money.text(best.money_per_approved_micros, currency)} price, "
        f"{money.text(review, currency)} review, {money.text(handoff, currency)} hand-off)"
    )


def evidence(choice: Choice) -> str:
    """What the team's picks say: "kept 31 of 44 since 3 March; the catalog alone says 58 %"."""
    catalog = percent(choice.catalog_chance)
    seen = tally(choice.evidence)
    return f"{seen}; the catalog alone says {catalog}" if seen else f"the catalog says {catalog}"


def tally(counts: Tally) -> str:
    """Plain counts: "kept 31 of 44 since 3 March", nothing where nothing was seen."""
    if not counts.seen:
        return ""
    start = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(days=counts.since_day)
    return f"kept {counts.kept} of {counts.seen} since {start.day} {MONTHS[start.month - 1]}"


def interval(choice: Choice) -> str:
    """How sure the chance is: "61 to 83 % (80 % interval)"."""
    low, high = round(100 * choice.chance_low), round(100 * choice.chance_high)
    return f"{low} to {high} % (80 % interval)"


def next_best(decision: Decision, currency: str = "USD") -> str:
    """The runner-up and how much dearer it is, or nothing."""
    if len(decision.choices) < 2:
        return ""
    first, second = decision.choices[0], decision.choices[1]
    cost = money.text(second.per_approved_micros, currency)
    said = f"{second.card.label} \u00d7 {second.count}, {cost}"
    if not first.per_approved_micros:
        return said
    more = round(100 * (second.per_approved_micros / first.per_approved_micros - 1))
    return f"{said} ({more:+d} %)"


def if_none_kept(decision: Decision, currency: str = "USD") -> str:
    """What comes after a batch without a keeper."""
    step = decision.next_step
    if step is None:
        return ""
    if step.is_by_hand:
        return f"by hand, {money.text(decision.by_hand_micros, currency)}"
    cost = money.text(step.per_approved_micros, currency)
    return f"{step.label} \u00d7 {step.count}, {cost} per approved asset"


def repair(decision: Decision, currency: str = "USD") -> str:
    """Why mending the best reject is cheaper than a re-roll, or nothing."""
    box = decision.repair
    if box is None:
        return ""
    cost = money.text(box.per_approved_micros, currency)
    return (
        f"Mend the {box.defect} of the best reject with {box.card.label}: {percent(box.chance)} "
        f"chance, {cost} per approved asset; from {percent(box.break_even)} on it beats a re-roll."
    )


def demands(need: Need) -> str:
    """What must be in the frame: "2 people, hands, 1 interaction"; nothing where nothing is."""
    counted = (
        (need.people, "person", "people"),
        (need.objects, "object", "objects"),
        (need.counts, "exact number", "exact numbers"),
        (need.interactions, "interaction", "interactions"),
        (need.text_words, "word", "words"),
    )
    said = [f"{n} {one if n == 1 else many}" for n, one, many in counted if n]
    if need.hands:
        said.insert(1 if need.people else 0, "hands")
    return ", ".join(said)


def outlook(seen: CardOutlook, currency: str = "USD") -> str:
    """The chance of a defect, the worst kinds first, and what a frame without one costs."""
    found = seen.outlook
    worst = ", ".join(
        f"{complexity.LABELS[risk.group]} {percent(risk.chance)}" for risk in found.risks[:3]
    )
    learned = f"; learned from {found.outputs_seen} outputs" if found.outputs_seen else ""
    cost = money.text(found.per_usable_micros, currency)
    return (
        f"{percent(found.chance)} chance of a defect in an output of {seen.label} ({worst}); "
        f"{cost} expected per usable frame, looking at it included{learned}"
    )


def table(decision: Decision) -> tuple[Row, ...]:
    """Every model that does the operation: those that can in order, then those that are out."""
    first = decision.best
    rows = []
    for rank, choice in enumerate(decision.choices, 1):
        reason = "taken" if first is None or rank == 1 else _behind(choice, first)
        rows.append(
            Row(
                rank,
                choice.card.key,
                choice.card.label,
                reason,
                choice.per_approved_micros,
                choice.chance,
                evidence(choice),
            )
        )
    rows.extend(Row(0, loser.key, loser.label, loser.text) for loser in decision.losers)
    return tuple(rows)


def paragraph(decision: Decision, currency: str = "USD") -> str:
    """Everything a card shows: choice, evidence, next best, what follows, notes."""
    best = decision.best
    if best is None:
        return problem(decision)
    said = [sentence(decision, currency)]
    counts = tally(best.evidence)
    if counts:
        catalog = percent(best.catalog_chance)
        said.append(f"Your team {counts} (catalog alone would say {catalog} an output).")
    rival, then = next_best(decision, currency), if_none_kept(decision, currency)
    if rival:
        said.append(f"Next best: {rival}.")
    if then:
        said.append(f"If none is kept: {then}.")
    if decision.losers:
        out = ", ".join(f"{loser.label} ({loser.text})" for loser in decision.losers[:3])
        said.append(f"Left out: {out}.")
    mend = repair(decision, currency)
    said.extend([mend] if mend else [])
    said.extend(note.text for note in decision.notes)
    return " ".join(said)


def percent(share: float) -> str:
    """A chance in whole per cent, never a certain one that is not."""
    shown = round(100 * share)
    if shown == 100 and share < 1:
        return "over 99 %"
    if shown == 0 and share > 0:
        return "under 1 %"
    return f"{shown} %"


def _behind(choice: Choice, first: Choice) -> str:
    """Why an eligible model is not first."""
    gap = choice.per_approved_micros - first.per_approved_micros
    if gap > 0:
        more = money.text(gap, choice.card.currency)
        return f"{more} more per approved asset"
    if gap == 0:
        return "costs the same; slower or later by name"
    less = money.text(-gap, choice.card.currency)
    return f"{less} less on averages; another was taken by hand, to learn, or for the deadline"


def _cost(best: Choice, currency: str) -> str:
    """What one approved asset costs; a price of $0.00 says less than the word."""
    if not best.money_per_approved_micros:
        return "free of charge"
    whole = money.text(best.per_approved_micros, currency)
    price = money.text(best.money_per_approved_micros, currency)
    return f"{whole} per approved asset, {price} of it the model's price"
