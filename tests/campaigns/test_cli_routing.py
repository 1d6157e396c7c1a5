"""`manage.py route` and `manage.py simulate_routing` answer in text and JSON, with real runs."""

from __future__ import annotations

import json
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from campaigns.actions import catalogs, planning
from campaigns.models import CatalogModel, Team, TeamBelief, VersionWatch
from routing import blob, learning
from routing.learning import Labels
from routing.need import Need

SCENARIO = {
    "name": "A quiet change",
    "seed": 7,
    "tasks": 300,
    "days": 90,
    "rounds": 6,
    "kinds": {"compose": 2, "outpaint": 1},
    "models": [
        {
            "key": "swift",
            "price": "0.01",
            "catalog": 0.5,
            "seconds": 4,
            "rates": {"compose": 0.2, "outpaint": 0.5},
        },
        {
            "key": "fine",
            "price": "0.06",
            "catalog": 0.4,
            "seconds": 12,
            "rates": {"compose": 0.65, "outpaint": 0.4},
        },
    ],
    "shifts": [{"day": 45, "model": "fine", "rates": {"compose": 0.05}}],
    "people": {"review": "0.10", "handoff": "0.50", "by_hand": "20"},
}


def run(*arguments: object) -> tuple[str, str]:
    """Output and error sentence; an empty sentence means exit code 0."""
    out = StringIO()
    try:
        call_command(*map(str, arguments), stdout=out)
    except CommandError as error:
        return (out.getvalue(), f"exit code {error.returncode}: {error}")
    return (out.getvalue(), "")


def run_json(*arguments: object) -> dict[str, Any]:
    out, error = run(*arguments, "--json")
    assert not error
    answer: dict[str, Any] = json.loads(out)
    return answer


@pytest.fixture
def catalog(db: None) -> None:
    catalogs.sync()


@pytest.fixture
def scenario(tmp_path: Path) -> Path:
    path = tmp_path / "change.json"
    path.write_text(json.dumps(SCENARIO), encoding="utf-8")
    return path


@pytest.mark.usefixtures("catalog")
class TestRoute:
    def test_prints_the_decision_for_this_installation(self) -> None:
        answer = run_json(
            "route", "--operation", "image_to_video", "--motion", "subtle", "--seconds", 5
        )
        best = answer["choices"][0]
        assert best["provider"] == "local"
        assert best["key"] == CatalogModel.objects.get(key=best["key"]).key
        assert answer["need"]["motion_profile"] == "subtle_human"
        assert answer["need"]["seconds"] == 5
        assert answer["sentence"].startswith(best["label"])
        assert answer["batch"] == 4
        for loser in answer["losers"]:
            assert loser["code"]
            assert loser["text"]

    def test_lists_every_model_that_can_in_text(self) -> None:
        out, error = run("route", "--operation", "background_remove")
        assert not error
        for row in CatalogModel.objects.all():
            assert (row.label in out) == ("background_remove" in row.operations)
        assert "  take  " in out

    def test_fails_with_the_reasons_when_nobody_can(self) -> None:
        CatalogModel.objects.update(is_enabled=False)
        out, error = run("route", "--operation", "upscale")
        assert error.startswith("exit code 1")
        assert "switched off by an admin" in out

    def test_counts_people_by_the_teams_rate(self, team: Team) -> None:
        usual = run_json("route", "--operation", "upscale")
        Team.objects.filter(pk=team.pk).update(review_rate_micros_per_hour=400_000_000)
        dear = run_json("route", "--operation", "upscale", "--team", team.slug)
        key = "per_approved_micros"
        assert dear["choices"][0][key] > usual["choices"][0][key]

    def test_answers_with_what_the_team_learned(self, team: Team) -> None:
        """Picks, and what the watch took out: as a click of the team would be answered."""
        usual = run_json("route", "--operation", "upscale")["choices"][0]
        card = next(one for one in planning.cards() if one.key == usual["key"])
        belief = learning.fresh("polish")
        need = Need(stage="polish", operation="upscale", count=4)
        for _ in range(10):
            belief = learning.update(belief, card, need, Labels(0, 0, 4))
        TeamBelief.objects.create(team=team, stage="polish", blob=blob.dumps(belief))
        taught = run_json("route", "--operation", "upscale", "--team", team.slug)
        assert taught["basis"] == "picks"
        first = next(one for one in taught["choices"] if one["key"] == usual["key"])
        assert first["evidence"]["seen"] == 40
        assert first["chance"] < usual["chance"]
        VersionWatch.objects.create(
            team=team, stage="polish", model=card.key, version=card.version,
            trusted_at=timezone.now(), alarmed_at=timezone.now(),
        )  # fmt: skip
        out, _ = run("route", "--operation", "upscale", "--team", team.slug)
        assert "is frozen" in out

    def test_finds_the_batch_that_pays_off(self) -> None:
        free = run_json("route", "--operation", "upscale", "--count", 0)["choices"][0]
        for count in (1, 2, 3, 4, 6, 8):
            other = run_json("route", "--operation", "upscale", "--count", count)["choices"][0]
            assert other["per_approved_micros"] >= free["per_approved_micros"]

    def test_takes_a_pinned_model_or_none(self) -> None:
        key = CatalogModel.objects.filter(operations__icontains="upscale").first().key
        assert run_json("route", "--operation", "upscale", "--pin", key)["choices"][0]["key"] == key
        out, error = run("route", "--operation", "upscale", "--pin", "nothing")
        assert error
        assert "nothing is not known" in out

    @pytest.mark.parametrize(
        ("arguments", "words"),
        [
            (("image_to_video",), "--seconds must say how long"),
            (("image_to_video", "--seconds", 5, "--motion", "wild"), "choose one of camera_only"),
            (("upscale", "--seconds", 5), "makes a still"),
            (("upscale", "--count", -1), "--count must lie between"),
            (("upscale", "--money", "much"), "such as 1.50"),
            (("upscale", "--money", "-1"), "0 or more"),
            (("upscale", "--team", "nobody"), "There is no team 'nobody'"),
        ],
    )
    def test_says_what_is_wrong_with_an_argument(
        self, arguments: tuple[object, ...], words: str
    ) -> None:
        out, error = run("route", "--operation", *arguments)
        assert not out
        assert words in error

    def test_writes_nothing(self) -> None:
        before = list(CatalogModel.objects.order_by("pk").values())
        run("route", "--operation", "upscale")
        assert list(CatalogModel.objects.order_by("pk").values()) == before


class TestSimulate:
    def test_plays_the_scenario_with_the_real_router(self, scenario: Path) -> None:
        answer = run_json("simulate_routing", scenario)
        rows = {row["who"]: row for row in answer["rows"]}
        assert list(rows) == ["router", "catalog alone", "oracle"]
        assert rows["oracle"]["mean_micros"] < rows["router"]["mean_micros"]
        assert rows["router"]["mean_micros"] < rows["catalog alone"]["mean_micros"]
        assert answer["over_oracle"] == pytest.approx(
            rows["router"]["mean_micros"] / rows["oracle"]["mean_micros"], abs=1e-4
        )
        for row in rows.values():
            low, high = row["interval_micros"]
            assert low < row["mean_micros"] < high
        assert sum(model["outputs"] for model in answer["models"]) > 300

    def test_shows_how_a_shift_moved_the_choice(self, scenario: Path) -> None:
        before, after = run_json("simulate_routing", scenario)["periods"]
        assert (before["start"], after["start"]) == (0, 45)
        assert before["shares"]["fine"] > after["shares"]["fine"]
        assert sum(after["shares"].values()) == pytest.approx(1, abs=1e-3)

    def test_gives_the_same_answer_again_in_text_too(self, scenario: Path) -> None:
        assert run_json("simulate_routing", scenario) == run_json("simulate_routing", scenario)
        out, error = run("simulate_routing", scenario)
        assert not error
        assert out.startswith("A quiet change: 300 tasks")
        assert "from day 45" in out

    def test_needs_no_database(self, scenario: Path) -> None:
        # Without the db fixture any query raises.
        assert run("simulate_routing", scenario)[1] == ""

    def test_refuses_rates_outside_0_to_1_with_file_field_and_remedy(self, scenario: Path) -> None:
        whole = json.loads(scenario.read_text(encoding="utf-8"))
        whole["models"][1]["rates"]["compose"] = 1.5
        scenario.write_text(json.dumps(whole), encoding="utf-8")
        out, error = run("simulate_routing", scenario)
        assert not out
        assert f"{scenario}: " in error
        assert 'field "models[1].rates.compose" is 1.5; give a number from 0 to 1' in error

    def test_names_a_file_that_cannot_be_read(self, tmp_path: Path) -> None:
        out, error = run("simulate_routing", tmp_path / "gone.json")
        assert not out
        assert "gone.json: cannot be read" in error
