"""Face consents in the browser: recorded, revoked, chosen for a swap; refused in plain words."""

from __future__ import annotations

import io
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from PIL import Image

from campaigns.actions import consents, runs
from campaigns.models import AdSet, Event, FaceConsent, Media, StageRun, Team
from campaigns.stages.base import BadParams
from campaigns.transitions import NotNow
from tests import factories

JSON = {"HTTP_ACCEPT": "application/json"}
PDF = b"%PDF-1.4\n1 0 obj<<>>endobj\ntrailer<<>>\n%%EOF\n"


def at(name: str, team: Team, *pk: int) -> str:
    return reverse(name, args=[team.slug, *pk])


def picture(*paths: Any) -> SimpleUploadedFile:
    """The pictures side by side, as one upload."""
    parts = [Image.open(path).convert("RGB").resize((512, 512)) for path in paths]
    whole = Image.new("RGB", (512 * len(parts), 512))
    for number, part in enumerate(parts):
        whole.paste(part, (512 * number, 0))
    out = io.BytesIO()
    whole.save(out, "PNG")
    return SimpleUploadedFile("face.png", out.getvalue(), "image/png")


def form(**changed: Any) -> dict[str, Any]:
    today = timezone.now().date()
    return {
        "face": picture(factories.ASTRONAUT),
        "person_name": "Eileen Example",
        "covers": "Autumn campaign",
        "valid_from": today.isoformat(),
        "valid_until": (today + timedelta(days=90)).isoformat(),
        "is_agreed": "on",
        **changed,
    }


class TestRecording:
    def test_keeps_who_what_until_when_and_the_release(
        self, client: Client, team: Team, mara: User
    ) -> None:
        client.force_login(mara)
        release = SimpleUploadedFile("../signed.pdf", PDF, "text/html")
        answer = client.post(at("consents", team), form(release=release), follow=True)
        page = answer.content.decode()
        assert "may be used until" in page
        assert "In force" in page
        one = FaceConsent.objects.get()
        assert (one.person_name, one.recorded_by, one.release_type) == (
            "Eileen Example", mara, "application/pdf",
        )  # fmt: skip
        assert "signed" not in one.release.name
        event = Event.objects.get(verb="consent.record")
        assert event.after["face_sha256"] == one.face.sha256

    @pytest.mark.parametrize(
        ("changed", "said"),
        [
            ({"face": (factories.COFFEE,)}, "No face was found"),
            ({"face": (factories.ASTRONAUT, factories.ASTRONAUT)}, "2 faces were found"),
            ({"face": b"not a picture"}, "This is not"),
            ({"face": ""}, "Choose a photo of the face"),
            ({"person_name": " "}, "Write the name"),
            ({"covers": ""}, "Write what the person agreed to"),
            ({"is_agreed": ""}, "only when the person really agreed"),
            ({"valid_until": "2020-01-01", "valid_from": "2019-01-01"}, "is over already"),
            ({"valid_until": "2019-01-01"}, "comes before the first"),
            ({"valid_until": "2099-01-01"}, "At most 10 years"),
            ({"valid_until": "soon"}, "Enter the day as"),
            ({"release": b"<html>%PDF-"}, "must be a PDF, JPEG or PNG"),
            ({"release": b"\x89PNG\r\n\x1a\n broken"}, "must be a PDF, JPEG or PNG"),
            ({"release": b"%PDF-1.4 cut off"}, "must be a PDF, JPEG or PNG"),
            ({"release": b"%PDF-" + b"0" * 10_500_000}, "larger than 10 MB"),
        ],
    )
    def test_says_what_is_missing_and_keeps_nothing(
        self, client: Client, team: Team, mara: User, changed: dict[str, Any], said: str
    ) -> None:
        client.force_login(mara)
        sent: dict[str, Any] = {}
        for name, value in changed.items():
            is_file = isinstance(value, bytes)
            sent[name] = SimpleUploadedFile("f.png", value) if is_file else value
            if isinstance(value, tuple):
                sent[name] = picture(*value)
        answer = client.post(at("consents", team), form(**sent))
        assert answer.status_code == 422
        assert said in answer.content.decode()
        assert not FaceConsent.objects.exists()
        assert not Media.objects.exists()

    def test_half_a_revocation_cannot_be_written(self, team: Team, mara: User) -> None:
        one = factories.consent(team, by=mara)
        rows = FaceConsent.objects.filter(pk=one.pk)
        for half in (
            {"revoked_at": timezone.now()},
            {"revoked_by": mara},
            {"revoke_reason": "why"},
            {"revoked_at": timezone.now(), "revoked_by": mara},
            {"release": "a"},
            {"release_type": "application/pdf"},
            {"valid_until": one.valid_from - timedelta(days=1)},
            {"person_name": ""},
        ):
            with pytest.raises(IntegrityError), transaction.atomic():
                rows.update(**half)


class TestList:
    def test_costs_the_same_with_one_and_three_rows(
        self, client: Client, team: Team, mara: User, django_assert_num_queries: Any
    ) -> None:
        client.force_login(mara)
        one = factories.consent(team, by=mara)
        client.get(at("consents", team))
        with django_assert_num_queries(10):
            client.get(at("consents", team))
        for number in (2, 3):
            FaceConsent.objects.create(
                team=team, face=one.face, person_name=f"P{number}", covers="Ads",
                valid_from=one.valid_from, valid_until=one.valid_until, recorded_by=mara,
                recorded_at=timezone.now(),
            )  # fmt: skip
        with django_assert_num_queries(10):
            page = client.get(at("consents", team)).content.decode()
        assert page.count("In force") == 3

    def test_a_manager_revokes_with_a_reason_and_only_once(
        self, client: Client, team: Team, mara: User, dana: User
    ) -> None:
        one = factories.consent(team, by=mara)
        address = at("consent_revoke", team, one.pk)
        client.force_login(mara)
        assert client.post(address, {"reason": "Mine"}, **JSON).status_code == 403
        client.force_login(dana)
        told = client.post(address, {"reason": ""}, follow=True).content.decode()
        assert "Say in a few words" in told
        told = client.post(address, {"reason": "She asked"}, follow=True).content.decode()
        assert "is revoked" in told
        assert "She asked" in told
        assert client.post(address, {"reason": "Again"}, **JSON).status_code == 409
        assert Event.objects.filter(verb="consent.revoke").count() == 1
        trail = client.get(at("trail", team) + "?kind=people").content.decode()
        assert "revoked the consent of Eileen Example: She asked" in trail

    def test_the_release_is_saved_never_opened_and_only_for_some(
        self, client: Client, team: Team, mara: User, dana: User
    ) -> None:
        one = factories.consent(team, by=mara, release=SimpleUploadedFile("r.pdf", PDF))
        address = at("consent_release", team, one.pk)
        client.force_login(mara)
        assert client.get(address).status_code == 403
        client.force_login(dana)
        answer = client.get(address)
        assert b"".join(answer.streaming_content) == PDF
        assert answer["Content-Disposition"].startswith("attachment")
        assert answer["Content-Type"] == "application/octet-stream"


class TestSwap:
    def test_without_a_key_the_page_says_why_and_nothing_starts(
        self, client: Client, ad_set: AdSet, mara: User
    ) -> None:
        made = factories.at_polish(ad_set, by=mara)
        client.force_login(mara)
        page = client.get(at("asset", made.team, made.pk)).content.decode()
        assert "Record a consent" in page
        agreed = factories.consent(made.team, by=mara)
        page = client.get(at("asset", made.team, made.pk)).content.decode()
        assert "Eileen Example" in page
        assert "No model can do this now" in page
        before = StageRun.objects.count()
        answer = client.post(
            at("asset_run", made.team, made.pk),
            {"operation": "face_swap", "consent": str(agreed.pk), "token": "a-click-of-hers"},
            **JSON,
        )
        assert answer.status_code == 422
        assert "No model can do this now" in answer.json()["error"]
        assert StageRun.objects.count() == before

    def test_is_refused_without_a_consent_in_force_of_this_team(
        self, client: Client, ad_set: AdSet, mara: User, dana: User, otto: User
    ) -> None:
        made = factories.at_polish(ad_set, by=mara)
        agreed = factories.consent(made.team, by=mara)
        before = StageRun.objects.count()
        client.force_login(mara)

        def posted(**values: str) -> Any:
            sent = {"operation": "face_swap", "token": "a-click-of-hers", **values}
            return client.post(at("asset_run", made.team, made.pk), sent, **JSON)

        told = posted().json()
        assert (told["field"], "money was spent" in told["error"]) == ("consent", True)
        foreign = FaceConsent.objects.create(
            team=otto.memberships.get(role="admin").team, face=agreed.face, person_name="O",
            covers="x", valid_from=agreed.valid_from, valid_until=agreed.valid_until,
            recorded_by=otto, recorded_at=timezone.now(),
        )  # fmt: skip
        assert posted(consent=str(foreign.pk)).status_code == 404
        with pytest.raises(BadParams, match="Choose the face"):
            runs.start(
                asset=made, operation="face_swap", by=mara, token="direct-1", consent=foreign
            )
        rows = FaceConsent.objects.filter(pk=agreed.pk)
        long_ago = agreed.valid_from - timedelta(days=9)
        rows.update(valid_from=long_ago, valid_until=long_ago)
        assert "ended on" in posted(consent=str(agreed.pk)).json()["error"]
        later = agreed.valid_from + timedelta(days=9)
        rows.update(valid_from=later, valid_until=later)
        assert "begins on" in posted(consent=str(agreed.pk)).json()["error"]
        rows.update(valid_from=long_ago)
        agreed.refresh_from_db()
        consents.revoke(consent=agreed, reason="She asked", by=dana)
        told = posted(consent=str(agreed.pk))
        assert (told.status_code, "was revoked" in told.json()["error"]) == (409, True)
        with pytest.raises(NotNow, match="was revoked"):  # also with a row read before
            runs.start(asset=made, operation="face_swap", by=mara, token="direct-2", consent=agreed)
        assert StageRun.objects.count() == before

    def test_no_other_run_takes_a_consent_and_no_swap_goes_without(
        self, ad_set: AdSet, mara: User
    ) -> None:
        made = factories.asset(ad_set, by=mara)
        run = StageRun.objects.filter(asset=made)
        agreed = factories.consent(made.team, by=mara)
        for half in ({"consent": agreed}, {"operation": "face_swap"}):
            with pytest.raises(IntegrityError), transaction.atomic():
                run.update(**half)
