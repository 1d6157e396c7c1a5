"""What tests against the stand-in share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.test import override_settings

from campaigns import wiring
from tests.campaigns.conftest import *  # noqa: F403 - the people and folders of every story
from tests.stand_in import StandIn


@pytest.fixture
def vendor() -> Iterator[StandIn]:
    """A stand-in of all vendors on loopback, and every adapter pointed at it."""
    with StandIn() as server:
        with override_settings(PROVIDERS=server.providers()):
            wiring._providers.cache_clear()
            yield server
        wiring._providers.cache_clear()
