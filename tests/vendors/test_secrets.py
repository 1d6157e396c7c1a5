"""A planted key is in no row, no log, no page, no export and no traceback."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.conf import settings
from django.contrib.auth.models import User
from django.core import serializers
from django.test import Client, override_settings
from django.urls import reverse

from campaigns import env, logs, wiring
from campaigns.models import AdSet, Attempt
from tests import factories
from tests.stand_in import StandIn
from tests.vendors.play import begin, work_off

PAGES = ("keys", "board", "routing", "ledger", "unsettled", "models", "approvals", "budget")


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("name", "step", "fault", "value"),
    [
        *((name, "submit", fault, value) for name in ("fal", "replicate", "google")
          for fault, value in (("", None), ("http_401", None), ("http_500", None),
                               ("echo_key", 401), ("echo_key", 422), ("echo_key", 500))),
        *((name, "status", "echo_key", status) for name in ("fal", "replicate")
          for status in (401, 500)),
        ("fal", "result", "echo_key", 422),
    ],
)  # fmt: skip
def test_nowhere(
    vendor: StandIn,
    ad_set: AdSet,
    mara: User,
    ada: User,
    dana: User,
    woken: list[tuple[str, int]],
    client: Client,
    caplog: pytest.LogCaptureFixture,
    name: str,
    step: str,
    fault: str,
    value: int | None,
) -> None:
    caplog.set_level(logging.DEBUG)
    secret = vendor.secrets[name]
    asset = begin(
        name,
        ad_set=ad_set,
        by=mara,
        fault=lambda: vendor.fault(name, step, fault, value) if fault else None,
    )
    run = factories.open_run(asset)
    work_off(run, woken)
    assert any(secret in repr(post.headers) for post in vendor.posts(name)), "it was sent"
    assert fault != "echo_key" or vendor.echoes, "it was said back"
    kept = [model for model in apps.get_models() if model._meta.app_label != "django_rq"]
    rows = [row for model in kept for row in model._default_manager.all()]
    assert Attempt in {type(row) for row in rows}
    own = secret.rpartition(":")[2]  # the half that opens the account
    assert own not in serializers.serialize("json", rows)
    assert own not in caplog.text
    for person in (ada, dana):
        client.force_login(person)
        for page in PAGES:
            assert own not in client.get(reverse(page, args=[run.team.slug])).content.decode()
    page = client.get(reverse("asset", args=[run.team.slug, asset.pk]))
    assert own not in page.content.decode()
    for path in Path(settings.MEDIA_ROOT).rglob("*"):
        assert path.is_dir() or own.encode() not in path.read_bytes()


def test_not_in_a_traceback(
    monkeypatch: pytest.MonkeyPatch, vendor: StandIn, caplog: pytest.LogCaptureFixture
) -> None:
    secret = "planted-key-0123456789"
    monkeypatch.setenv("FAL_KEY", secret)
    assert secret in env.secret_values()
    with override_settings(PROVIDERS=vendor.providers()):
        wiring._providers.cache_clear()
    try:
        raise ValueError(f"the header was Key {secret}")
    except ValueError:
        record: Any = logging.LogRecord("x", logging.ERROR, "x", 1, "failed", None, None)
        try:
            raise RuntimeError("again") from ValueError(secret)
        except RuntimeError as error:
            record.exc_info = (type(error), error, error.__traceback__)
    text = logs.RedactingFormatter("{message}", style="{").format(record)
    assert "RuntimeError" in text
    assert secret not in text
