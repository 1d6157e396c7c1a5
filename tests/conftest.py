"""What holds for every test: sockets are closed but for this machine, and the set-up is cheap."""

import socket
from collections.abc import Iterator
from typing import Any

import pytest

from campaigns.actions import catalogs

QUICK_HASH = "django.contrib.auth.hashers.MD5PasswordHasher"

_connect = socket.socket.connect
_connect_ex = socket.socket.connect_ex


class OutsideCall(Exception):
    """A test tried to leave this machine."""


def _check(sock: socket.socket, address: Any) -> None:
    if sock.family == socket.AF_UNIX:
        return
    host = str(address[0])
    if host not in {"127.0.0.1", "::1", "localhost"}:
        raise OutsideCall(f"tests stay on this machine; something called {host}")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files with slow tests first: of two processes none is left alone with them at the end."""
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: item.path not in slow)


@pytest.fixture(autouse=True, scope="session")
def closed_sockets() -> Iterator[None]:
    """Every connection outside loopback and Unix sockets raises OutsideCall."""

    def connect(self: socket.socket, address: Any) -> None:
        _check(self, address)
        return _connect(self, address)

    def connect_ex(self: socket.socket, address: Any) -> int:
        _check(self, address)
        return _connect_ex(self, address)

    socket.socket.connect = connect  # type: ignore[method-assign]
    socket.socket.connect_ex = connect_ex  # type: ignore[method-assign]
    yield
    socket.socket.connect = _connect  # type: ignore[method-assign]
    socket.socket.connect_ex = _connect_ex  # type: ignore[method-assign]


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: Any) -> None:
    """The shipped models stand in the database before the first test, as after a set-up."""
    with django_db_blocker.unblock():
        catalogs.sync()


@pytest.fixture(autouse=True)
def plain_set_up(settings: Any) -> None:
    """No manifest of static files, a quick password hash."""
    settings.STORAGES = {
        **settings.STORAGES,
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
    }
    settings.PASSWORD_HASHERS = [QUICK_HASH]
