"""The parts of the screens: figures in words, markup that is escaped, named and policy-proof."""

import re
from datetime import timedelta
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from django import forms
from django.contrib.auth.models import AnonymousUser, User
from django.core.paginator import Paginator
from django.template import Context, Template
from django.template.loader import render_to_string
from django.test import RequestFactory
from django.utils import timezone

from campaigns import transitions
from campaigns.templatetags import figures, ui

ROOT = Path(__file__).resolve().parents[2]
TEMPLATES = sorted((ROOT / "templates").rglob("*.html"))


def draw(source: str, **values: Any) -> str:
    return Template("{% load ui figures %}" + source).render(Context(values))


class Elements(HTMLParser):
    """Every start tag with its attributes, in order."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def first(self, tag: str) -> dict[str, str | None]:
        return next(attrs for name, attrs in self.found if name == tag)


class TestFigures:
    @pytest.mark.parametrize(
        ("micros", "currency", "shown"),
        [
            (760_000, "USD", "$0.76"),
            (0, "USD", "$0.00"),
            (1_234_500_000, "EUR", "€1,234.50"),
            (None, "USD", "–"),
        ],
    )
    def test_money_reads_as_an_amount(self, micros: int | None, currency: str, shown: str) -> None:
        assert figures.money(micros, currency) == shown

    @pytest.mark.parametrize(
        ("passed", "shown"),
        [
            (timedelta(seconds=10), "just now"),
            (timedelta(minutes=12), "12 min ago"),
            (timedelta(hours=2), "2 h ago"),
            (timedelta(days=3), "3 days ago"),
            (timedelta(minutes=-5, seconds=-1), "in 5 min"),
        ],
    )
    def test_ago_is_coarse(self, passed: timedelta, shown: str) -> None:
        assert figures.ago(timezone.now() - passed) == shown

    def test_ago_becomes_a_date_after_a_week(self) -> None:
        moment = timezone.now() - timedelta(days=400)
        assert str(moment.year) in figures.ago(moment)

    def test_clock_keeps_the_exact_moment(self) -> None:
        moment = timezone.now() - timedelta(minutes=3)
        time = Elements(str(figures.clock(moment))).first("time")
        assert time["datetime"] == timezone.localtime(moment).isoformat(timespec="seconds")

    @pytest.mark.parametrize(
        ("seconds", "shown"),
        [(0, "0 s"), (40.4, "40 s"), (130, "2 min 10 s"), (3600, "1 h"), (90061, "1 d 1 h")],
    )
    def test_duration_names_two_units(self, seconds: float, shown: str) -> None:
        assert figures.duration(seconds) == shown

    @pytest.mark.parametrize(
        ("size", "shown"),
        [
            (0, "0 B"),
            (999, "999 B"),
            (5_200, "5 kB"),
            (5_200_000, "5.2 MB"),
            (999_900, "1.0 MB"),
            (287_600_000, "288 MB"),
            (3_000_000_000, "3.0 GB"),
        ],
    )
    def test_bytes_are_decimal(self, size: int, shown: str) -> None:
        assert figures.size(size) == shown

    def test_left_percent_pixels_and_plural(self) -> None:
        assert figures.left(40) == "40 s left"
        assert figures.left(0.2) == "any moment"
        assert figures.percent(0.456) == "46%"
        assert figures.pixels(1080, 1920) == "1080 × 1920"
        assert figures.plural(1, "file,files") == "1 file"
        assert figures.plural(1200, "file,files") == "1,200 files"

    def test_unknown_never_looks_like_zero(self) -> None:
        known = [figures.ago, figures.left, figures.duration, figures.seconds]
        assert {one(None) for one in [*known, figures.size, figures.percent]} == {"–"}

    def test_json_data_cannot_end_its_element(self) -> None:
        html = draw('{% json_data value "plan" %}', value={"name": "</script><b>"})
        assert "</script><b>" not in html
        assert Elements(html).first("script")["type"] == "application/json"


class TestPills:
    def test_every_state_of_the_machines_has_a_word_and_a_tone(self) -> None:
        named = {state for machine in transitions.MACHINES.values() for state in machine}
        assert named <= ui.STATES.keys()

    def test_state_takes_other_words_but_keeps_its_tone(self) -> None:
        html = draw('{% state "review" "Pick from 6" %}')
        assert "Pick from 6" in html
        assert "pill-warn" in html

    def test_an_unknown_state_is_shown_and_not_hidden(self) -> None:
        assert "Half way" in draw('{% state "half_way" %}')

    def test_a_tier_is_shape_color_and_word(self) -> None:
        shapes = set()
        for value, word in ui.TIERS.items():
            html = draw("{% tier value %}", value=value)
            assert word in html
            assert f"tier-{value}" in html
            shapes.add(re.search(r"<(circle|path) [^>]*>", html).group())  # type: ignore[union-attr]
        assert len(shapes) == 3

    def test_a_short_tier_still_has_a_name(self) -> None:
        assert "High tier" in draw('{% tier "high" short=True %}')

    def test_text_from_people_is_escaped(self) -> None:
        bad = "<script>x</script>"
        for source in ("{% pill x %}", "{% button x %}", "{% chip x '?' %}", "{% kbd x %}"):
            assert "<script" not in draw(source, x=bad)
        assert "<script" not in draw("{% card title=x %}{{ x }}{% endcard %}", x=bad)
        assert "<script" not in draw("{% menu x %}{{ x }}{% endmenu %}", x=bad)


class TestButtons:
    def test_a_link_when_it_leads_somewhere(self) -> None:
        html = draw('{% button "New brief" href="/b" tone="primary" key="c" %}')
        link = Elements(html).first("a")
        assert link["href"] == "/b"
        assert link["data-key"] == "c"
        assert "button-primary" in str(link["class"])

    def test_a_sequence_binds_as_one(self) -> None:
        assert Elements(draw('{% button "X" key="g b" %}')).first("button")["data-key-seq"] == "g b"
        assert (
            Elements(draw('{% button "X" key="Shift ." %}')).first("button")["data-key"]
            == "Shift ."
        )

    def test_further_attributes_and_flags(self) -> None:
        html = draw(
            '{% button "X" type="button" data_dialog_open="d" disabled=off attrs=more %}',
            off=False,
            more={"value": 0, "hidden": True},
        )
        button = Elements(html).first("button")
        assert button["data-dialog-open"] == "d"
        assert button["type"] == "button"
        assert button["value"] == "0"
        assert "hidden" in button
        assert "disabled" not in button

    def test_an_icon_alone_keeps_its_name(self) -> None:
        html = draw('{% button "Remove" icon="close" icon_only=True %}')
        assert '<span class="sr-only">Remove</span>' in html

    def test_the_key_hint_prints_modifiers(self) -> None:
        assert "⇧." in draw('{% kbd "Shift ." %}')
        assert draw('{% kbd "g b" %}').count("<kbd") == 2


class Form(forms.Form):
    """A field of each kind."""

    name = forms.CharField(help_text="It appears in file names.")
    platform = forms.MultipleChoiceField(
        choices=[("tiktok", "TikTok")], widget=forms.CheckboxSelectMultiple
    )
    muted = forms.BooleanField(required=False, label="Mute")

    def clean(self) -> None:
        raise forms.ValidationError("Choose another day.")


class TestFields:
    def test_hint_and_error_are_tied_to_the_control(self) -> None:
        form = Form(data={"name": ""})
        html = draw("{% errors form %}{% field form.name %}", form=form)
        control = Elements(html).first("input")
        assert control["aria-invalid"] == "true"
        for name in str(control["aria-describedby"]).split():
            assert f'id="{name}"' in html
        assert "Choose another day." in html
        assert Elements(html).first("label")["for"] == control["id"]

    def test_a_group_is_a_fieldset_with_a_legend(self) -> None:
        html = draw("{% field form.platform %}", form=Form())
        assert "<fieldset" in html
        assert "<legend" in html

    def test_a_checkbox_stands_in_its_label(self) -> None:
        html = draw("{% field form.muted %}", form=Form())
        assert re.search(r'<label class="switch"><input type="checkbox"', html)


class TestParts:
    def test_bar_starts_at_zero_and_never_leaves_its_box(self) -> None:
        segments = [{"value": 30, "tone": "low"}, {"value": 90, "tone": "low", "hatch": True}]
        html = draw('{% bar segments 100 label="Low" %}', segments=segments)
        shown = [attrs for tag, attrs in Elements(html).found if tag == "rect"]
        assert [(rect["x"], rect["width"]) for rect in shown] == [
            ("0.00%", "30.00%"),
            ("30.00%", "70.00%"),
        ]

    def test_bar_of_nothing_is_empty(self) -> None:
        html = draw('{% bar segments 0 label="Low" %}', segments=[{"value": 3, "tone": "low"}])
        assert 'width="0.00%"' in html

    def test_progress_without_a_total_is_indeterminate(self) -> None:
        assert "value" not in Elements(draw("{% progress %}")).first("progress")
        assert Elements(draw("{% progress 3 6 %}")).first("progress")["max"] == "6"

    def test_a_picture_has_its_size_before_it_loads(self) -> None:
        picture = Elements(draw('{% thumb "/x.jpg" %}')).first("img")
        assert (picture["width"], picture["height"]) == ("54", "96")
        assert "<img" not in draw("{% thumb %}")

    def test_pages_keep_the_query(self) -> None:
        request = RequestFactory().get("/?tier=low&page=2")
        page = Paginator(range(30), 10).page(2)
        html = draw("{% pages page %}", page=page, request=request)
        assert 'href="?tier=low&amp;page=3"' in html
        assert "{% pages" not in draw("{% pages page %}", page=Paginator([], 10).page(1))

    def test_url_with_changes_removes_and_repeats(self) -> None:
        request = RequestFactory().get("/?tier=low&q=a b&page=2")
        source = "{% url_with page=None tier=tiers %}"
        html = draw(source, request=request, tiers=["low", "high"])
        assert html == "?tier=low&amp;tier=high&amp;q=a+b"

    def test_person_is_a_name_and_nothing_for_a_guest(self) -> None:
        assert ui.person(User(username="mara", first_name="Mara", last_name="Ruiz")) == "Mara Ruiz"
        assert ui.person(User(username="mara")) == "mara"
        assert ui.person(AnonymousUser()) == ""

    def test_a_dialog_is_named_by_its_title(self) -> None:
        html = draw('{% dialog "decline" title="Decline" %}<p>Why?</p>{% enddialog %}')
        assert Elements(html).first("dialog")["aria-labelledby"] == "decline-title"
        assert 'id="decline-title">Decline' in html
        assert "<p>Why?</p>" in html


class TestShell:
    def nav(self) -> dict[str, Any]:
        item = {"key": "board", "label": "Board", "url": "/b", "icon": "board", "count": 4}
        return {
            "team": {"name": "Northwind", "slug": "northwind"},
            "teams": [],
            "workers": {"ok": True, "text": "2 workers"},
            "nav": [{"label": "Work", "items": [{**item, "current": True}]}],
        }

    def test_the_current_page_is_marked_and_counted(self) -> None:
        request = RequestFactory().get("/")
        request.user = User(username="mara")
        html = render_to_string("base.html", {"shell": self.nav(), "request": request})
        links = [attrs for tag, attrs in Elements(html).found if attrs.get("href") == "/b"]
        assert all(link["aria-current"] == "page" for link in links)
        assert len(links) == 2
        assert re.search(r'id="count-board">4<', html)

    def test_a_signed_out_page_needs_no_shell(self) -> None:
        assert "<h1>That did not work</h1>" in render_to_string("500.html")


class TestPolicy:
    @pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.name)
    def test_no_inline_style_script_or_handler(self, path: Path) -> None:
        for tag, attrs in Elements(path.read_text()).found:
            assert tag != "style"
            assert "style" not in attrs
            assert not [name for name in attrs if re.fullmatch(r"on[a-z]+|hx-on.*", name)]
            if tag == "script":
                assert "src" in attrs

    def test_every_icon_is_in_the_sprite(self) -> None:
        sprite = (ROOT / "static/img/icons.svg").read_text()
        drawn = set(re.findall(r'<symbol id="([a-z-]+)"', sprite))
        used = {
            name
            for path in TEMPLATES
            for name in re.findall(r'(?:{% icon |icon=)"([a-z-]+)"', path.read_text())
        }
        assert used <= drawn

    def test_shared_modules_have_no_script_tag_of_their_own(self) -> None:
        shared = {"keys", "palette", "toast", "dialog", "live", "morph", "upload", "wipe", "nav"}
        loaded = {
            name
            for path in TEMPLATES
            for name in re.findall(r"""<script[^>]*'js/([a-z_]+)\.js'""", path.read_text())
        }
        assert not loaded & (shared | {"http"})
