"""A person who picks an output reads when it is not what was asked for."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from campaigns import jobs
from campaigns.models import AdSet, Finding
from tests import factories
from tests.stand_in import StandIn
from tests.vendors.play import begin, work_off

NAMES = ("shape_as_asked", "size_as_asked", "length_as_asked")


@pytest.mark.django_db
@pytest.mark.parametrize(("fault", "said"), [("", 0), ("wrong_size", 2)])
def test_of_a_picture(
    vendor: StandIn,
    ad_set: AdSet,
    mara: User,
    woken: list[tuple[str, int]],
    client: Client,
    fault: str,
    said: int,
) -> None:
    asset = begin(
        "fal",
        ad_set=ad_set,
        by=mara,
        fault=lambda: vendor.fault("fal", "job", fault) if fault else None,
    )
    run = factories.open_run(asset)
    work_off(run, woken)
    for candidate in run.candidates.all():
        jobs.measure(candidate.pk)
    found = Finding.objects.filter(name__in=NAMES)
    assert found.count() == said
    if fault:
        client.force_login(mara)
        page = client.get(reverse("review_batch", args=[run.team.slug, run.pk]))
        assert "was asked for" in page.content.decode()
