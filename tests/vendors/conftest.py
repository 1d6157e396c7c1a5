"""What tests against the stand-in share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.stand_in import StandIn


@pytest.fixture
def vendor() -> Iterator[StandIn]:
    """A stand-in of all vendors on loopback."""
    with StandIn() as server:
        yield server
