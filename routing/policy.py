"""Hard rules in a fixed order: a model is eligible, or there is one reason why not.

Rules look at the card, the need and the circumstances; what was learned has no say here.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date

from routing import money
from routing.catalog import ModelCard
from routing.need import TIERS, Need
from routing.pricing import quote
from routing.stages import OPERATIONS

SLOW = 2.0  # a slow call against the usual one, where no latency was measured (judgment)


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What the rules look at besides need and card.

    `connected` providers can be called, `keyless` ones lack a key, `unhealthy` ones fail now
    (provider -> in words). `frozen` holds "key@version" of models that a drift watch stopped,
    `barred` licence or brand rules (model key -> in words), `slow_seconds` the 90th percentile of
    one output by model key. `today` decides on life-cycles; None leaves them out.
    """

    connected: frozenset[str]
    keyless: frozenset[str] = frozenset()
    unhealthy: Mapping[str, str] = field(default_factory=dict)
    frozen: frozenset[str] = frozenset()
    barred: Mapping[str, str] = field(default_factory=dict)
    slow_seconds: Mapping[str, float] = field(default_factory=dict)
    today: date | None = None


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a model is out: a code for machines and a sentence part for people."""

    code: str
    text: str


@dataclass(frozen=True, slots=True)
class Relaxation:
    """The one thing to give up so that a model could do it: what, and with which model."""

    key: str
    label: str
    code: str
    text: str


def _capability(card: ModelCard, need: Need, now: Circumstances) -> Reason | None:
    if need.operation not in card.operations:
        return Reason("capability", f"cannot {OPERATIONS[need.operation].label.lower()}")
    most = card.max_references
    if need.reference_count and most is not None and need.reference_count > most:
        return Reason(
            "capability", f"takes {most} reference pictures; {need.reference_count} are given"
        )
    return None


def _input(card: ModelCard, need: Need, now: Circumstances) -> Reason | None:
    if OPERATIONS[need.operation].needs_base and not need.has_base:
        return Reason("input", "needs a picture to start from")
    return None


def _size(card: ModelCard, need: Need, now: Circumstances) -> Reason | None:
    if card.max_width and card.max_height:
        largest, smallest = (
            max(card.max_width, card.max_height),
            min(card.max_width, card.max_height),
        )
        if max(need.width, need.height) > largest or min(need.width, need.height) > smallest:
            return Reason(
                "size",
                f"makes at most {card.max_width} \u00d7 {card.max_height}; "
                f"{need.width} \u00d7 {need.height} is needed",
            )
    if card.max_seconds and need.seconds > card.max_seconds:
        return Reason(
            "size", f"makes at most {card.max_seconds:g} s; {need.seconds:g} s are needed"
        )
    return None


def _mask(card: ModelCard, need: Need, now: Circumstances) -> Reason | None:
    if need.wants_mask and card.takes_mask is False:
        return Reason("mask", "cannot keep to a painted area")
    return None


def _motion(card: ModelCard, need: Need, now: Circumstances) -> Reason | None:
    if not OPERATIONS[need.operation].makes_clip or not need.motion_profile:
        return None
    if not card.motion_profiles or need.motion_profile in card.motion_profiles:
        return None
    return Reason("motion", f"does not do {need.motion_profile.replace('_', ' ')} motion")


def _script(card: ModelCard, need: Need, now: Circumstances) -> Reason | None:
    if not need.text_words or not need.headline_locale or card.text_locales is None:
        return None
    language = need.headline_locale.partition("-")[0].lower()
    if language in {locale.partition("-")[0].lower() for locale in card.text_locales}:
        return None
    return Reason("locale", f"does not set text in {need.headline_locale}")


def _licence(card: ModelCard, need: Need, now: Circumstances) -> Reason | None:
    if card.key in now.barred:
        return Reason("licence", now.barred[card.key])
    if card.is_commercial is False:
        return Reason("licence", "its licence does not cover advertising")
    return None


def _health(card: ModelCard, need: Need, now: Circumstances) -> Reason | None:
    if card.provider in now.unhealthy:
        return Reason("health", now.unhealthy[card.provider])
    return None


def _connected(card: ModelCard, need: Need, now: Circumstances) -> Reason | None:
    if card.provider in now.connected:
        return None
    if card.provider in now.keyless:
        return Reason("key", f"no key for {card.provider} is set")
    return Reason("provider", f"{card.provider} is not connected in this installation")


def _enabled(card: ModelCard, need: Need, now: Circumstances) -> Reason | None:
    return None if card.is_enabled else Reason("disabled", "switched off by an admin")


def _life(card: ModelCard, need: Need, now: Circumstances) -> Reason | None:
    ended = now.today is not None and card.retired_on is not None and card.retired_on <= now.today
    if card.life_cycle == "retired" or ended:
        when = f" on {card.retired_on}" if card.retired_on else ""
        return Reason("retired", f"was retired by its maker{when}")
    return None


def _frozen(card: ModelCard, need: Need, now: Circumstances) -> Reason | None:
    stopped = card.life_cycle == "frozen" or f"{card.key}@{card.version}" in now.frozen
    if stopped and need.pinned_model != card.key:
        return Reason("frozen", "is frozen: it seems to have changed, a person has to decide")
    return None


def _price(card: ModelCard, need: Need, now: Circumstances) -> Reason | None:
    return None if card.price_micros is not None else Reason("price", "has no known price")


def _tier(card: ModelCard, need: Need, now: Circumstances) -> Reason | None:
    if not need.highest_tier or TIERS.index(card.tier) <= TIERS.index(need.highest_tier):
        return None
    return Reason("tier", f"is {card.tier} tier; {need.highest_tier} is the highest allowed here")


def one_price(card: ModelCard, need: Need) -> int:
    """What one output may cost at most, in micro-units."""
    return quote(card, replace(need, count=1)).maximum_micros


def _ceiling(card: ModelCard, need: Need, now: Circumstances) -> Reason | None:
    if need.price_limit_micros is None:
        return None
    price = one_price(card, need)
    if price <= need.price_limit_micros:
        return None
    return Reason(
        "ceiling",
        f"costs {money.text(price, card.currency)} an output, over the limit of "
        f"{money.text(need.price_limit_micros, card.currency)}",
    )


def _money(card: ModelCard, need: Need, now: Circumstances) -> Reason | None:
    if need.money_left_micros is None:
        return None
    price = one_price(card, need)
    if price <= need.money_left_micros:
        return None
    return Reason(
        "money",
        f"costs {money.text(price, card.currency)} an output; "
        f"{money.text(max(need.money_left_micros, 0), card.currency)} is left",
    )


def slow_seconds(card: ModelCard, now: Circumstances) -> float:
    """How long one output takes when it takes long, in seconds."""
    return now.slow_seconds.get(card.key, SLOW * card.seconds_each)


def _deadline(card: ModelCard, need: Need, now: Circumstances) -> Reason | None:
    if need.deadline_s is None or slow_seconds(card, now) <= need.deadline_s:
        return None
    return Reason(
        "deadline",
        f"may take {slow_seconds(card, now):.0f} s; {max(need.deadline_s, 0):.0f} s are left",
    )


def _always(need: Need, now: Circumstances) -> bool:
    return True


@dataclass(frozen=True, slots=True)
class Rule:
    """One hard rule: its reason codes, what it wants in words, how it looks at a card, and
    whether it has anything to say to a need at all."""

    codes: tuple[str, ...]
    label: str
    check: Callable[[ModelCard, Need, Circumstances], Reason | None]
    when: Callable[[Need, Circumstances], bool] = _always


RULES: tuple[Rule, ...] = (
    Rule(("capability",), "Can do the operation", _capability),
    Rule(("input",), "Has the picture it needs", _input, lambda need, now: not need.has_base),
    Rule(
        ("size",),
        "Large and long enough",
        _size,
        lambda need, now: bool(need.width or need.height or need.seconds),
    ),
    Rule(("mask",), "Keeps to the painted area", _mask, lambda need, now: need.wants_mask),
    Rule(("motion",), "Does this motion", _motion, lambda need, now: bool(need.motion_profile)),
    Rule(
        ("locale",), "Sets text in this language", _script, lambda need, now: bool(need.text_words)
    ),
    Rule(("licence",), "Licence covers advertising", _licence),
    Rule(("health",), "Provider works", _health, lambda need, now: bool(now.unhealthy)),
    Rule(("key", "provider"), "Provider is connected, its key is set", _connected),
    Rule(("disabled",), "Switched on", _enabled),
    Rule(("retired",), "Not retired", _life),
    Rule(("frozen",), "Version not frozen", _frozen),
    Rule(("price",), "Price is known", _price),
    Rule(("tier",), "Within the highest tier", _tier, lambda need, now: bool(need.highest_tier)),
    Rule(
        ("ceiling",),
        "Within the price limit",
        _ceiling,
        lambda need, now: need.price_limit_micros is not None,
    ),
    Rule(("money",), "Money is left", _money, lambda need, now: need.money_left_micros is not None),
    Rule(("deadline",), "In time", _deadline, lambda need, now: need.deadline_s is not None),
)


NEEDS_PRICE = ("ceiling", "money")


Check = Callable[[ModelCard, Need, Circumstances], Reason | None]


def checks_for(need: Need, now: Circumstances) -> tuple[Check, ...]:
    """The checks of the rules that have something to say to this need, in order."""
    return tuple(rule.check for rule in RULES if rule.when(need, now))


def special_checks(need: Need, now: Circumstances) -> tuple[Check, ...]:
    """Those of `checks_for` that `is_plain` does not answer, in order."""
    return tuple(rule.check for rule in RULES if rule.when is not _always and rule.when(need, now))


def is_plain(card: ModelCard, need: Need, now: Circumstances) -> bool:
    """True when no rule that every need is asked can object: most cards, at a glance.

    Says nothing of the rules in `special_checks`; False only means that each has to be asked.
    """
    return (
        card.is_enabled
        and card.life_cycle == "active"
        and card.price_micros is not None
        and card.provider in now.connected
        and need.operation in card.operations
        and not need.reference_count
        and card.is_commercial is not False
        and card.retired_on is None
        and not now.barred
        and not now.frozen
    )


EVERY: tuple[Check, ...] = tuple(rule.check for rule in RULES)


# What a person may give up, the cheapest to give up first.
RELAXABLE: tuple[str, ...] = (
    "disabled",
    "size",
    "deadline",
    "money",
    "ceiling",
    "tier",
    "locale",
    "motion",
    "mask",
    "key",
    "frozen",
)


def objection(
    card: ModelCard, need: Need, now: Circumstances, checks: Sequence[Check] = EVERY
) -> Reason | None:
    """The first rule that `card` breaks, or None when it may be used.

    `checks` may give `checks_for(need, now)` where many cards are looked at.
    """
    for check in checks:
        reason = check(card, need, now)
        if reason is not None:
            return reason
    return None


def objections(card: ModelCard, need: Need, now: Circumstances) -> tuple[Reason, ...]:
    """Every rule that `card` breaks, in order; money rules are left out where no price is known."""
    found = []
    for rule in RULES:
        if card.price_micros is None and rule.codes[0] in NEEDS_PRICE:
            continue
        reason = rule.check(card, need, now)
        if reason is not None:
            found.append(reason)
    return tuple(found)


def relaxation(cards: Iterable[ModelCard], need: Need, now: Circumstances) -> Relaxation | None:
    """The cheapest single thing to give up when no model is eligible, or None.

    Only models that break exactly one rule count; of those the one whose rule is easiest to give
    up, then the cheapest, then by name.
    """
    found: list[tuple[int, int, str, ModelCard, Reason]] = []
    for card in cards:
        reasons = objections(card, need, now)
        if len(reasons) == 1 and reasons[0].code in RELAXABLE and card.price_micros is not None:
            rank = RELAXABLE.index(reasons[0].code)
            found.append((rank, one_price(card, need), card.key, card, reasons[0]))
    if not found:
        return None
    _, price, _, card, reason = min(found, key=lambda entry: entry[:3])
    return Relaxation(card.key, card.label, reason.code, _how(card, reason, need, now, price))


def _how(card: ModelCard, reason: Reason, need: Need, now: Circumstances, price: int) -> str:
    match reason.code:
        case "size" if card.max_seconds and need.seconds > card.max_seconds:
            return f"at {card.max_seconds:g} s"
        case "size":
            return f"at {card.max_width} \u00d7 {card.max_height}"
        case "money":
            missing = price - max(need.money_left_micros or 0, 0)
            return f"with {money.text(missing, card.currency)} more"
        case "ceiling":
            return f"with a limit of {money.text(price, card.currency)} an output"
        case "tier":
            return f"if {card.tier} tier were allowed"
        case "deadline":
            more = slow_seconds(card, now) - max(need.deadline_s or 0, 0)
            return f"with {more:.0f} s more"
        case "locale":
            return "with the headline set outside the picture"
        case "motion":
            return f"with {' or '.join(card.motion_profiles).replace('_', ' ')} motion"
        case "mask":
            return "without a painted area"
        case "key":
            return f"with a key for {card.provider}"
        case "disabled":
            return "if an admin switched it on"
        case _:
            return "if a person released the version"


def must_ask(card: ModelCard, ceiling: str, *, tiers: Collection[str] = TIERS) -> str:
    """Why a manager has to approve this tier, or "" when it may run at once."""
    order = list(tiers)
    allowed = -1 if ceiling == "none" else order.index(ceiling)
    if order.index(card.tier) <= allowed:
        return ""
    if ceiling == "none":
        return "This campaign asks before every run."
    return f"{card.tier.capitalize()} tier is above this campaign's ceiling ({ceiling})."
