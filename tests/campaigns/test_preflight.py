"""What stands in the way of a start is one sentence with its remedy."""

import os
import socket

import pytest
from django.db import connections

from campaigns import embedded, preflight
from campaigns.management.commands import supervise


class TestPreflight:
    def test_refuses_a_port_that_is_taken(self):
        with socket.socket() as other:
            other.bind(("127.0.0.1", 0))
            other.listen()
            port = other.getsockname()[1]
            with pytest.raises(preflight.CannotStart, match=f"port {port} .* --port"):
                preflight.check_port("127.0.0.1", port)
        preflight.check_port("127.0.0.1", port)

    def test_refuses_too_little_space(self, settings, tmp_path):
        (tmp_path / "tmp").mkdir()
        settings.MIN_FREE_BYTES = 2**60
        with pytest.raises(preflight.CannotStart, match="are needed; make room"):
            preflight.check_disk(tmp_path)

    def test_refuses_a_folder_that_takes_no_file(self, settings, tmp_path):
        settings.MIN_FREE_BYTES = 0
        with pytest.raises(preflight.CannotStart, match="nothing can be written"):
            preflight.check_disk(tmp_path)  # it has no tmp/

    def test_refuses_a_second_start_on_the_same_folder(self, tmp_path):
        (tmp_path / "run").mkdir()
        held = preflight.lock(tmp_path)
        with pytest.raises(preflight.CannotStart, match=f"process {os.getpid()}"):
            preflight.lock(tmp_path)
        os.close(held)
        os.close(preflight.lock(tmp_path))

    def test_refuses_a_database_that_is_none(
        self, settings, tmp_path, monkeypatch, django_db_blocker
    ):
        broken = tmp_path / "db.sqlite3"
        broken.write_bytes(b"this is not a database, it only lies where one should " * 100)
        handler = connections["default"].copy()
        if handler.vendor != "sqlite":
            handler.settings_dict["HOST"] = str(tmp_path)
            reason = "does not let us in"
        else:
            handler.settings_dict["NAME"] = str(broken)
            reason = "put a back-up in its place"
        monkeypatch.setattr(preflight, "connection", handler)
        with (
            django_db_blocker.unblock(),
            pytest.raises(preflight.CannotStart, match=reason),
        ):
            preflight.check_database()

    def test_passes_a_good_database(self, db):
        preflight.check_database()


class TestEmbedded:
    def test_finds_a_binary_that_can_be_run(self):
        assert os.access(embedded.server_binary(), os.X_OK)

    def test_says_no_when_nobody_listens(self, tmp_path):
        assert not embedded.answers(f"unix://{tmp_path}/none.sock")

    def test_sets_a_damaged_log_aside(self, tmp_path):
        (tmp_path / "appendonlydir").mkdir()
        (tmp_path / "appendonlydir" / "log").write_text("damaged", encoding="utf-8")
        assert embedded.set_aside(tmp_path) == tmp_path / "appendonlydir.refused"
        assert not (tmp_path / "appendonlydir").exists()
        assert embedded.set_aside(tmp_path) is None


class TestStaticFiles:
    def test_are_collected_only_when_the_tree_changed(self, settings, tmp_path):
        source = tmp_path / "source"
        source.mkdir()
        (source / "a.css").write_text("a{}", encoding="utf-8")
        settings.STATICFILES_DIRS = [source]
        settings.STATIC_ROOT = tmp_path / "static"
        assert supervise.collect_static(tmp_path)
        assert not supervise.collect_static(tmp_path)
        (source / "b.css").write_text("b{}", encoding="utf-8")
        assert supervise.collect_static(tmp_path)
        assert (tmp_path / "static" / "b.css").exists()
