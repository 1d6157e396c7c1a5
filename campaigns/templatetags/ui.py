"""The parts every screen is built from: pills, buttons, fields, cards, dialogs.

Each tag renders one template of `templates/_parts/`. They take prepared values and show them;
they read no database and decide nothing. docs/screens.md lists them with examples.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django import template
from django.core.paginator import Page
from django.forms import BaseForm, BoundField, CheckboxInput
from django.http import QueryDict
from django.template.context import Context
from django.template.loader import render_to_string
from django.templatetags.static import static
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from campaigns.templatetags.figures import money as money_text

register = template.Library()

TIERS = {"low": "Low", "medium": "Medium", "high": "High"}

# The word and the tone of every state and verdict, so that a state looks the same on all screens.
STATES: dict[str, tuple[str, str]] = {
    "waiting_approval": ("Needs approval", "warn"),
    "queued": ("Queued", ""),
    "running": ("Running", "run"),
    "review": ("Pick one", "warn"),
    "done": ("Done", "ok"),
    "failed": ("Failed", "bad"),
    "cancelled": ("Cancelled", ""),
    "declined": ("Declined", "bad"),
    "intended": ("Intended", ""),
    "submitting": ("Submitting", "run"),
    "submitted": ("At the provider", "run"),
    "fetching": ("Fetching", "run"),
    "settled": ("Settled", "ok"),
    "unknown": ("Unknown", "warn"),
    "asked": ("Waiting", "warn"),
    "approved": ("Approved", "ok"),
    "withdrawn": ("Withdrawn", ""),
    "expired": ("Expired", ""),
    "building": ("Building", "run"),
    "ready": ("Ready", "ok"),
    "pending": ("Waiting", ""),
    "kept": ("Kept", "ok"),
    "spare": ("Spare", ""),
    "rejected": ("Rejected", "bad"),
    "pass": ("Pass", "ok"),
    "warn": ("Warning", "warn"),
    "fail": ("Fail", "bad"),
    "info": ("Note", ""),
}
NAV_KEYS = {
    "board": "b",
    "review": "q",
    "approvals": "a",
    "exports": "e",
    "budget": "m",
    "throughput": "t",
    "routing": "r",
    "models": "o",
    "campaigns": "c",
    "people": "p",
    "team_settings": "s",
}
TIER_SHAPES = {
    "low": '<circle cx="5" cy="5" r="4.2"/>',
    "medium": '<path d="M5 0.2 9.8 5 5 9.8 0.2 5Z"/>',
    "high": '<path d="M5 0.6 9.8 9.4H0.2Z"/>',
}


@register.simple_tag(name="icon")
def draw_icon(name: str, label: str = "", size: int = 16) -> SafeString:
    """An icon of the sprite; without `label` it is hidden from screen readers."""
    sizing = "" if size == 16 else f" icon-{size}"
    naming = (
        format_html('role="img" aria-label="{}"', label)
        if label
        else format_html('{}="true"', "aria-hidden")
    )
    return format_html(
        '<svg class="icon{}" {}><use href="{}#{}"></use></svg>',
        sizing,
        naming,
        static("img/icons.svg"),
        name,
    )


@register.simple_tag
def tier(value: str, short: bool = False) -> SafeString:
    """A cost tier by color, shape and word. `short` leaves the word to screen readers."""
    word = TIERS.get(value)
    if word is None:
        return SafeString("")
    shape = format_html(
        '<svg class="tier-shape" viewBox="0 0 10 10" aria-hidden="true">{}</svg>',
        SafeString(TIER_SHAPES[value]),
    )
    text = format_html('<span class="sr-only">{} tier</span>', word) if short else word
    extra = " tier-bare" if short else ""
    return format_html('<span class="tier tier-{}{}">{} {}</span>', value, extra, shape, text)


@register.simple_tag
def pill(text: object, tone: str = "", icon: str = "", title: str = "") -> SafeString:
    """A small word on a soft ground."""
    return format_html(
        '<span class="pill{}"{}>{}<span>{}</span></span>',
        f" pill-{tone}" if tone else "",
        format_html(' title="{}"', title) if title else "",
        draw_icon(icon) if icon else "",
        text,
    )


@register.simple_tag
def state(value: str, text: str = "", title: str = "") -> SafeString:
    """The pill of a state or verdict; `text` replaces the usual word, never the tone."""
    word, tone = STATES.get(value, (str(value).replace("_", " ").capitalize(), ""))
    return pill(text or word, tone=tone, title=title)


@register.simple_tag
def money(micros: int | None, currency: str = "USD") -> SafeString:
    """Micro-units as "$0.76", machine-readable beside it."""
    if micros is None:
        return format_html('<span class="money">{}</span>', money_text(None))
    return format_html(
        '<data class="money" value="{} {}">{}</data>',
        micros,
        currency,
        money_text(micros, currency),
    )


@register.filter(name="money")
def money_filter(micros: int | None, currency: str = "USD") -> str:
    """Micro-units as "$0.76" inside a sentence."""
    return money_text(micros, currency)


@register.simple_tag
def kbd(keys: str) -> SafeString:
    """A key hint: "Shift ." becomes ⇧., "g b" two keys."""
    symbols = {
        "Shift": "⇧",
        "ArrowLeft": "←",
        "ArrowRight": "→",
        "ArrowUp": "↑",
        "ArrowDown": "↓",
        "Mod": "Ctrl",
    }
    shown: list[str] = []
    prefix = ""
    for press in keys.split():
        if press in {"Shift", "Mod"}:
            prefix += symbols[press] + (" " if press == "Mod" else "")
            continue
        word = symbols.get(press, press.upper() if len(press) == 1 else press)
        shown.append(prefix + word)
        prefix = ""
    return format_html_join(" ", '<kbd class="kbd">{}</kbd>', ((key,) for key in shown))


@register.simple_tag
def button(text: str, **options: Any) -> SafeString:
    """A button, or a link that looks like one when `href` is given; see docs/screens.md."""
    attrs: dict[str, Any] = dict(options.pop("attrs", None) or {})
    href, key, name = (options.pop(word, "") for word in ("href", "key", "icon"))
    tone, size, icon_only = (options.pop(word, "") for word in ("tone", "size", "icon_only"))
    command = options.pop("command", "")
    classes = ["button", *(f"button-{word}" for word in (tone, size) if word)]
    if icon_only:
        classes.append("button-icon")
    classes.append(options.pop("extra", ""))
    if href:
        attrs["href"] = href
    else:
        attrs["type"] = options.pop("type", "submit")
    attrs.update({key.replace("_", "-"): value for key, value in options.items()})
    if key:
        attrs["data-key-seq" if _is_sequence(key) else "data-key"] = key
    if command:
        attrs["data-command"] = command
    label = format_html('<span class="sr-only">{}</span>', text) if icon_only else text
    if icon_only:
        attrs.setdefault("title", text)
    return format_html(
        '<{0} class="{1}"{2}>{3}{4}{5}</{0}>',
        "a" if href else "button",
        " ".join(filter(None, classes)),
        _flat(attrs),
        draw_icon(name) if name else "",
        label,
        kbd(key) if key and not icon_only else "",
    )


@register.simple_tag
def chip(text: str, href: str = "", count: int | None = None, current: bool = False) -> SafeString:
    """A filter as a link; the current one says so to readers too."""
    return format_html(
        '<a class="chip" href="{}"{}>{}{}</a>',
        href,
        SafeString(' aria-current="true"') if current else "",
        text,
        "" if count is None else format_html(' <span class="chip-count">{}</span>', count),
    )


@register.simple_tag
def progress(done: float | None = None, total: float | None = None, label: str = "") -> SafeString:
    """How far something is; without `total` that it goes on."""
    known = total is not None and done is not None
    return format_html(
        '<span class="progress"><progress{} aria-label="{}"></progress></span>',
        format_html(' value="{}" max="{}"', done, total or 1) if known else "",
        label or "Progress",
    )


@register.simple_tag
def bar(
    segments: Iterable[Mapping[str, Any]], total: float, label: str, small: bool = False
) -> SafeString:
    """A stacked bar from zero: segments of {"value", "tone", "hatch"?, "held"?}."""
    left, drawn = 0.0, []
    for segment in segments:
        width = 100 * float(segment["value"]) / float(total) if total else 0.0
        width = max(0.0, min(width, 100 - left))
        drawn.append({**segment, "x": f"{left:.2f}%", "width": f"{width:.2f}%"})
        left += width
    return render_to_string("_parts/bar.html", {"segments": drawn, "label": label, "small": small})


@register.inclusion_tag("_parts/thumb.html")
def thumb(
    url: str = "",
    alt: str = "",
    badge: str = "",
    size: str = "m",
    width: int | None = None,
    height: int | None = None,
) -> dict[str, Any]:
    """A picture whose box has its size before the picture loads."""
    return {
        "url": url,
        "alt": alt,
        "badge": badge,
        "size": size,
        "width": width or 54,
        "height": height or 96,
    }


@register.inclusion_tag("_parts/field.html")
def field(
    bound: BoundField, hint: str = "", optional: bool = False, prefix: str = ""
) -> dict[str, Any]:
    """Label, control, hint and error of one form field, tied together for screen readers."""
    hint_id, error_id = f"{bound.id_for_label}-hint", f"{bound.id_for_label}-error"
    text = hint or bound.help_text
    described = [name for name, there in ((hint_id, text), (error_id, bound.errors)) if there]
    attrs: dict[str, str | bool] = {"aria-describedby": " ".join(described)} if described else {}
    if bound.errors:
        attrs["aria-invalid"] = "true"
    return {
        "bound": bound,
        "control": bound.as_widget(attrs=attrs),
        "hint": text,
        "hint_id": hint_id,
        "error_id": error_id,
        "optional": optional,
        "prefix": prefix,
        "is_check": isinstance(bound.field.widget, CheckboxInput),
        "is_group": bound.use_fieldset,
    }


@register.inclusion_tag("_parts/errors.html")
def errors(form: BaseForm) -> dict[str, Any]:
    """What is wrong with the form as a whole."""
    return {"errors": form.non_field_errors()}


@register.simple_tag(takes_context=True)
def url_with(context: Context, **changes: Any) -> str:
    """The query of this page with changes; None or "" removes, a list repeats. Starts with "?"."""
    request = context.get("request")
    query: QueryDict = request.GET.copy() if request else QueryDict(mutable=True)
    for name, value in changes.items():
        if value is None or value == "":
            query.pop(name, None)
        elif isinstance(value, list | tuple):
            query.setlist(name, [str(one) for one in value])
        else:
            query[name] = str(value)
    return f"?{query.urlencode()}"


@register.inclusion_tag("_parts/pages.html", takes_context=True)
def pages(context: Context, page: Page, name: str = "page") -> dict[str, Any]:
    """Newer and older, keeping the rest of the query; nothing when there is one page."""
    earlier = page.previous_page_number() if page.has_previous() else None
    later = page.next_page_number() if page.has_next() else None
    return {
        "page": page,
        "earlier": url_with(context, **{name: earlier}) if earlier else "",
        "later": url_with(context, **{name: later}) if later else "",
    }


@register.simple_tag
def wipe(before_url: str, after_url: str, **options: Any) -> SafeString:
    """Two pictures of one size over one another with a handle between them."""
    values = {"before_url": before_url, "after_url": after_url, **options}
    return render_to_string("_parts/wipe.html", values)


@register.simple_tag
def upload(url: str, name: str = "media", multiple: bool = False, **options: Any) -> SafeString:
    """A drop zone; taken files become hidden inputs called `name`."""
    values = {"url": url, "name": name, "multiple": multiple, **options}
    return render_to_string("_parts/upload.html", values)


@register.simple_block_tag
def card(content: str, **options: Any) -> SafeString:
    """A panel with an optional head."""
    return render_to_string("_parts/card.html", {"content": content, **options})


@register.simple_block_tag
def empty(content: str, icon: str = "", title: str = "") -> SafeString:
    """What stands where nothing is yet; the content says the next step."""
    return render_to_string("_parts/empty.html", {"content": content, "icon": icon, "title": title})


@register.simple_block_tag
def dialog(content: str, element_id: str, **options: Any) -> SafeString:
    """A native dialog, closed; opened by `data-dialog-open`."""
    return render_to_string("_parts/dialog.html", {"content": content, "id": element_id, **options})


@register.simple_block_tag
def menu(content: str, text: str, **options: Any) -> SafeString:
    """A chip or button that opens a small menu."""
    return render_to_string("_parts/menu.html", {"content": content, "text": text, **options})


@register.filter
def entries(group: Mapping[str, Any]) -> list[Any]:
    """The items of a group of the rail: in a template `group.items` would be the dict method."""
    return list(group["items"])


@register.filter
def person(user: Any) -> str:
    """How a person is called: full name, else the name they sign in with."""
    if not getattr(user, "is_authenticated", False):
        return ""
    return user.get_full_name() or user.get_username()


@register.simple_tag
def nav_key(key: str) -> SafeString:
    """The `g` sequence of a page of the rail, as an attribute; nothing for pages without one."""
    letter = NAV_KEYS.get(key, "")
    return format_html(' data-key-seq="g {}"', letter) if letter else SafeString("")


def _is_sequence(keys: str) -> bool:
    tokens = [token for token in keys.split() if token not in {"Shift", "Mod"}]
    return len(tokens) > 1 and "," not in keys


def _flat(attrs: Mapping[str, Any]) -> SafeString:
    """HTML attributes; True prints the bare name, None and False print nothing."""
    shown = (
        (name, value) for name, value in attrs.items() if value is not None and value is not False
    )
    return format_html_join(
        "",
        "{}",
        (
            (format_html(" {}", name) if value is True else format_html(' {}="{}"', name, value),)
            for name, value in shown
        ),
    )
