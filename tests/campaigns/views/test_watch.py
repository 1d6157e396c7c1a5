"""The page of watched versions: what it says, who decides, what it costs."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from campaigns.actions import golden
from campaigns.models import AdSet, GoldenPrompt, Team, VersionWatch
from routing import drift
from tests.campaigns.actions.test_golden import kept_run
from tests.campaigns.forms import values_of


@pytest.fixture
def url(team: Team) -> str:
    return reverse("watch", args=[team.slug])


def watched(team: Team, name: str, *, rejects: int = 0, **more: object) -> VersionWatch:
    """A version of which so many outputs that should be kept were rejected."""
    evidence = drift.Evidence().after([(0.7, True)] * 10 + [(0.7, False)] * rejects)
    return VersionWatch.objects.create(
        team=team, stage="edit", model=name, version="1", label=name.upper(),
        trusted_at=timezone.now(), evidence=evidence.as_json(), **more,
    )  # fmt: skip


class TestPage:
    def test_says_what_to_do_before_anything_is_watched(
        self, client: Client, url: str, mara: User
    ) -> None:
        client.force_login(mara)
        assert "Nothing is watched yet" in client.get(url).content.decode()

    def test_shows_signs_in_words(self, client: Client, url: str, team: Team, dana: User) -> None:
        watched(team, "calm")
        hint = watched(team, "hint", rejects=5)
        assert drift.stored_evidence(hint.evidence).is_hint
        watched(team, "loud", rejects=30, alarmed_at=timezone.now(), text="keeps fell a lot")
        watched(team, "gone", alarmed_at=timezone.now(), kept_out=True, text="taken out by hand")
        client.force_login(dana)
        text = client.get(url).content.decode()
        assert "LOUD seems to have changed" in text
        assert "Keeps fell a lot" in text
        for words in ("Something may be up", "Kept out", "taken out by hand", "Trust it again"):
            assert words in text
        models = client.get(reverse("models", args=[team.slug])).content.decode()
        assert "1 model seems to have changed" in models

    def test_decides_with_one_click_and_says_so(
        self, client: Client, url: str, team: Team, dana: User
    ) -> None:
        row = watched(team, "loud", rejects=30, alarmed_at=timezone.now(), text="keeps fell")
        client.force_login(dana)
        address = reverse("watch_decide", args=[team.slug, row.pk])
        answer = client.post(address, {"decision": "keep_out"}, follow=True)
        assert "LOUD is not used unless somebody picks it by hand." in answer.content.decode()
        answer = client.post(address, {"decision": "trust"}, follow=True)
        assert "LOUD may be used again" in answer.content.decode()
        row.refresh_from_db()
        assert row.alarmed_at is None

    def test_shows_no_buttons_to_those_who_may_not(
        self, client: Client, url: str, team: Team, mara: User
    ) -> None:
        watched(team, "loud", alarmed_at=timezone.now(), text="keeps fell")
        client.force_login(mara)
        text = client.get(url).content.decode()
        assert "A curator, manager or admin decides." in text
        assert 'value="trust"' not in text

    def test_makes_checks_and_ends_a_golden_prompt(
        self, client: Client, url: str, team: Team, ad_set: AdSet, mara: User, cleo: User
    ) -> None:
        run = kept_run(ad_set, mara)
        client.force_login(cleo)
        sent = values_of(
            client.get(url).content.decode(), action=reverse("golden_add", args=[team.slug])
        )
        assert sent["run"] == str(run.pk)
        answer = client.post(
            reverse("golden_add", args=[team.slug]), sent | {"every": "0"}, follow=True
        )
        assert f"A golden prompt watches {run.model_label}" in answer.content.decode()
        prompt = GoldenPrompt.objects.get()
        check = reverse("golden_check", args=[team.slug, prompt.pk])
        filled = values_of(answer.content.decode(), action=check)
        for _ in range(2):
            assert client.post(check, filled).status_code == 302
        assert prompt.checks.count() == 1
        assert "Running" in client.get(url).content.decode()
        end = reverse("golden_end", args=[team.slug, prompt.pk])
        assert "is ended" in client.post(end, follow=True).content.decode()

    @pytest.mark.parametrize(
        ("change", "words"),
        [
            ({"cap": "-1"}, "cap"),
            ({"cap": "NaN"}, "cap"),
            ({"cap": ""}, "cap"),
            ({"run": "999999"}, "one of the runs in the list"),
            ({"run": ""}, "Choose a run"),
            ({"every": "3"}, "every"),
        ],
    )
    def test_says_what_is_wrong_with_a_golden_prompt(
        self, client: Client, team: Team, ad_set: AdSet, mara: User, cleo: User,
        change: dict[str, str], words: str,
    ) -> None:  # fmt: skip
        run = kept_run(ad_set, mara)
        client.force_login(cleo)
        answer = client.post(
            reverse("golden_add", args=[team.slug]),
            {"run": str(run.pk), "every": "7", "cap": "0", **change},
        )
        assert answer.status_code == 422
        text = answer.content.decode()
        assert words in text
        assert "aria-invalid" in text
        assert not GoldenPrompt.objects.exists()

    def test_costs_the_same_with_one_and_three(
        self, client: Client, url: str, team: Team, ad_set: AdSet,
        dana: User, mara: User, cleo: User,
    ) -> None:  # fmt: skip
        client.force_login(dana)
        counts = []
        for names in (["a"], ["b", "c"]):
            for name in names:
                watched(team, name, decided_by=dana)
                run = kept_run(ad_set, mara)
                prompt = golden.add(run=run, every_days=0, cap_micros=0, by=cleo)
                golden.start(prompt=prompt, by=cleo, token=name)
            with CaptureQueriesContext(connection) as asked:
                assert client.get(url).status_code == 200
            counts.append(len(asked))
        assert counts[0] == counts[1]
