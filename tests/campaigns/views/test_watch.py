"""The page of watched versions: what it says, who decides, what it costs."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from campaigns.models import Team, VersionWatch
from routing import drift


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

    def test_costs_the_same_with_one_and_three(
        self, client: Client, url: str, team: Team, dana: User
    ) -> None:
        client.force_login(dana)
        counts = []
        for names in (["a"], ["b", "c"]):
            for name in names:
                watched(team, name, decided_by=dana)
            with CaptureQueriesContext(connection) as asked:
                assert client.get(url).status_code == 200
            counts.append(len(asked))
        assert counts[0] == counts[1]
