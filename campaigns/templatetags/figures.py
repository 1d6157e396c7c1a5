"""Filters that turn a stored figure into what a person reads: money, sizes, times.

Presentation only: no arithmetic that decides anything, no query. None prints an en dash, because
"not known" must never look like zero.
"""

from __future__ import annotations

from datetime import datetime

from django import template
from django.template.defaultfilters import date as format_date
from django.utils import timezone
from django.utils.html import format_html, json_script
from django.utils.safestring import SafeString

from campaigns.formats import spec_words
from campaigns.formats.spec import Limit
from routing import money as amounts

register = template.Library()

UNKNOWN = "–"
MINUTE_S, HOUR_S, DAY_S = 60, 3600, 86400


@register.filter
def money(micros: int | None, currency: str = "USD") -> str:
    """Micro-units as "$0.76"."""
    return UNKNOWN if micros is None else amounts.text(int(micros), currency)


@register.filter
def exact(micros: int | None, currency: str = "USD") -> str:
    """Micro-units with every decimal they have, at least two: "$0.0125". For bills."""
    if micros is None:
        return UNKNOWN
    whole, _, decimals = amounts.in_units(abs(int(micros))).partition(".")
    shown = amounts.text(0, currency).replace("0.00", f"{int(whole):,}.{decimals.ljust(2, '0')}")
    return f"-{shown}" if micros < 0 else shown


@register.filter
def signed(micros: int | None, currency: str = "USD") -> str:
    """A difference in micro-units, exact: "+$0.05", "-$0.0125", "$0.00"."""
    return f"+{exact(micros, currency)}" if micros and micros > 0 else exact(micros, currency)


@register.filter
def units(micros: int | None) -> str:
    """Millionths as a plain number without a currency: a provider's own credits."""
    return UNKNOWN if micros is None else amounts.in_units(int(micros))


@register.filter
def ago(moment: datetime | None) -> str:
    """ "12 min ago"; the date once it is a week old; "in 5 min" for the future."""
    if moment is None:
        return UNKNOWN
    passed_s = (timezone.now() - moment).total_seconds()
    size_s = abs(passed_s)
    if size_s < MINUTE_S:
        return "just now" if passed_s >= 0 else "in a moment"
    if size_s >= 7 * DAY_S:
        local = timezone.localtime(moment)
        year = "" if local.year == timezone.localtime().year else " Y"
        return format_date(local, f"j M{year}")
    span = "1 min" if size_s < MINUTE_S * 1.5 else _coarse(size_s)
    return f"{span} ago" if passed_s > 0 else f"in {span}"


@register.filter
def clock(moment: datetime | None) -> str | SafeString:
    """A <time> that reads "12 min ago" and holds the exact moment."""
    if moment is None:
        return UNKNOWN
    local = timezone.localtime(moment)
    return format_html(
        '<time datetime="{}" title="{}">{}</time>',
        local.isoformat(timespec="seconds"),
        format_date(local, "j M Y, H:i T"),
        ago(moment),
    )


@register.filter
def left(seconds: float | None) -> str:
    """Seconds still to wait as "40 s left"."""
    if seconds is None:
        return UNKNOWN
    if seconds < 1:
        return "any moment"
    return f"{_coarse(seconds)} left"


@register.filter
def duration(seconds: float | None) -> str:
    """Seconds as "2 min 10 s", the two largest units."""
    if seconds is None:
        return UNKNOWN
    whole = max(0, round(seconds))
    units = ((DAY_S, "d"), (HOUR_S, "h"), (MINUTE_S, "min"), (1, "s"))
    parts = []
    for size, name in units:
        count, whole = divmod(whole, size)
        parts.append((count, name))
    first = next((index for index, (count, _) in enumerate(parts) if count), len(parts) - 1)
    return " ".join(f"{count} {name}" for count, name in parts[first : first + 2] if count) or "0 s"


@register.filter
def seconds(value: float | None) -> str:
    """Seconds of a clip as "6.0 s"."""
    return UNKNOWN if value is None else f"{value:.1f} s"


@register.filter(name="bytes")
def size(size_bytes: int | None) -> str:
    """Bytes as "5.2 MB" (decimal units, as the platforms state their limits)."""
    if size_bytes is None:
        return UNKNOWN
    if size_bytes < 1000:
        return f"{size_bytes} B"
    value, unit = float(size_bytes), "B"
    for larger in ("kB", "MB", "GB", "TB"):
        if value < 999.5:
            break
        value, unit = value / 1000, larger
    whole = value >= 99.95 or unit == "kB"
    return f"{value:.0f} {unit}" if whole else f"{value:.1f} {unit}"


@register.filter
def percent(share: float | None, digits: int = 0) -> str:
    """A share of 0..1 as "46%"."""
    return UNKNOWN if share is None else f"{share * 100:.{digits}f}%"


@register.filter
def pixels(width: int | None, height: int | None) -> str:
    """ "1080 × 1920"."""
    return UNKNOWN if width is None or height is None else f"{width} × {height}"


@register.filter
def plural(count: int, words: str) -> str:
    """`3|plural:"file,files"` gives "3 files"."""
    one, many = words.split(",")
    return f"{count:,} {one if count == 1 else many}"


@register.simple_tag
def json_data(value: object, element_id: str) -> SafeString:
    """Values for a module, as an inert JSON script element that the content policy allows."""
    return json_script(value, element_id)


def _coarse(size_s: float) -> str:
    if size_s < 90:
        return f"{max(1, round(size_s))} s"
    if size_s < HOUR_S * 1.5:
        return f"{round(size_s / MINUTE_S)} min"
    if size_s < DAY_S * 1.5:
        return f"{round(size_s / HOUR_S)} h"
    return f"{round(size_s / DAY_S)} days"


@register.filter
def limit_label(limit: Limit) -> str:
    """What a platform's limit is called."""
    return spec_words.label(limit.key)


@register.filter
def limit_words(limit: Limit) -> str:
    """A platform's limit as words: "at least 540 × 960 px"."""
    return spec_words.limit_text(limit)
