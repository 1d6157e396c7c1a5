"""The readers of environment variables fail loudly and never reveal a secret."""

import logging
import os
import re

import pytest
from django.core.management import call_command

from campaigns import env, logs, services


@pytest.fixture
def clean(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    for setting in env.SETTINGS:
        monkeypatch.delenv(setting.name, raising=False)
        monkeypatch.delenv(f"{setting.name}_FILE", raising=False)
    return monkeypatch


class TestText:
    def test_gives_the_default_when_nothing_is_set(self, clean):
        assert env.text("SWITCHYARD_BIND") == "127.0.0.1"

    def test_reads_the_file_that_name_file_names(self, clean, tmp_path):
        (tmp_path / "key").write_text("from-the-file\n", encoding="utf-8")
        clean.setenv("SWITCHYARD_S3_SECRET_KEY_FILE", str(tmp_path / "key"))
        assert env.text("SWITCHYARD_S3_SECRET_KEY") == "from-the-file"

    def test_refuses_both_at_once(self, clean, tmp_path):
        clean.setenv("REDIS_URL", "redis://a")
        clean.setenv("REDIS_URL_FILE", str(tmp_path))
        with pytest.raises(env.BadSetting, match="remove one of them"):
            env.text("REDIS_URL")

    def test_names_a_file_that_cannot_be_read(self, clean, tmp_path):
        clean.setenv("REDIS_URL_FILE", str(tmp_path / "none"))
        with pytest.raises(env.BadSetting, match="none, which cannot be read"):
            env.text("REDIS_URL")

    def test_knows_only_declared_names(self):
        with pytest.raises(KeyError):
            env.text("SWITCHYARD_UNDECLARED")


class TestNumbersAndFlags:
    @pytest.mark.parametrize("value", ["", "many", "1.5"])
    def test_refuse_what_is_no_number(self, clean, value):
        clean.setenv("SWITCHYARD_PORT", value)
        with pytest.raises(env.BadSetting, match="use a whole number"):
            env.number("SWITCHYARD_PORT")

    @pytest.mark.parametrize("value", ["0", "70000"])
    def test_refuse_what_is_out_of_range(self, clean, value):
        clean.setenv("SWITCHYARD_PORT", value)
        with pytest.raises(env.BadSetting, match="at least 1 and at most 65535"):
            env.number("SWITCHYARD_PORT", at_least=1, at_most=65535)

    def test_refuse_a_flag_that_is_neither(self, clean):
        clean.setenv("SWITCHYARD_DEBUG", "maybe")
        with pytest.raises(env.BadSetting, match="use 1 or 0"):
            env.flag("SWITCHYARD_DEBUG")


class TestAddresses:
    def test_follow_the_port_when_none_is_given(self, clean):
        clean.setenv("SWITCHYARD_PORT", "8123")
        assert env.public_url() == "http://127.0.0.1:8123"

    @pytest.mark.parametrize("value", ["switchyard.example.com", "ftp://x", "https://x/below"])
    def test_must_be_whole(self, clean, value):
        clean.setenv("SWITCHYARD_URL", value)
        with pytest.raises(env.BadSetting, match="must look like"):
            env.public_url()

    def test_of_the_queue_have_a_known_kind(self, clean):
        clean.setenv("REDIS_URL", "http://queue")
        with pytest.raises(env.BadSetting, match="redis://"):
            services.redis_url()

    def test_of_the_socket_are_short_however_deep_the_data_folder(self, clean, tmp_path):
        clean.setenv("SWITCHYARD_DATA_DIR", str(tmp_path / ("deep" * 40)))
        path = services.socket_path()
        assert len(os.fsencode(path)) <= services.MAX_SOCKET_PATH
        assert path == services.socket_path()

    def test_of_the_socket_differ_between_data_folders(self, clean, tmp_path):
        paths = set()
        for name in ("a", "b"):
            clean.setenv("SWITCHYARD_DATA_DIR", str(tmp_path / (name * 120)))
            paths.add(services.socket_path())
        assert len(paths) == 2


class TestDatabase:
    def test_is_sqlite_that_waits_for_its_lock(self, clean, tmp_path):
        clean.setenv("SWITCHYARD_DATA_DIR", str(tmp_path))
        found = services.database()
        assert found["NAME"] == str(tmp_path / "db.sqlite3")
        assert found["OPTIONS"]["transaction_mode"] == "IMMEDIATE"
        assert "journal_mode=WAL" in found["OPTIONS"]["init_command"]

    def test_reads_every_part_of_a_postgres_address(self, clean):
        clean.setenv("DATABASE_URL", "postgres://ann:p%40ss@db.example:5433/line?sslmode=require")
        found = services.database()
        assert (found["USER"], found["PASSWORD"]) == ("ann", "p@ss")
        assert (found["HOST"], found["PORT"], found["NAME"]) == ("db.example", "5433", "line")
        assert found["OPTIONS"] == {"sslmode": "require"}

    def test_takes_a_socket_folder_as_host(self, clean):
        clean.setenv("DATABASE_URL", "postgres://ann@/line?host=/run/postgresql")
        assert services.database()["HOST"] == "/run/postgresql"

    @pytest.mark.parametrize("url", ["mysql://a/b", "postgres://host", "sqlite://"])
    def test_refuses_what_it_cannot_use(self, clean, url):
        clean.setenv("DATABASE_URL", url)
        with pytest.raises(env.BadSetting, match="DATABASE_URL"):
            services.database()


class TestPrepare:
    def test_makes_one_private_key_and_keeps_it(self, clean, tmp_path):
        clean.setenv("SWITCHYARD_DATA_DIR", str(tmp_path / "data"))
        env.prepare()
        first = env.secret_key()
        env.prepare()
        assert env.secret_key() == first
        assert len(first) >= 50
        assert (tmp_path / "data" / "secret_key").stat().st_mode & 0o777 == 0o600

    def test_says_how_to_mend_a_folder_that_is_none(self, clean, tmp_path):
        (tmp_path / "file").write_text("", encoding="utf-8")
        clean.setenv("SWITCHYARD_DATA_DIR", str(tmp_path / "file" / "data"))
        with pytest.raises(env.BadSetting, match="name another one with --data"):
            env.prepare()

    def test_refuses_a_short_key(self, clean):
        clean.setenv("SWITCHYARD_SECRET_KEY", "short")
        with pytest.raises(env.BadSetting, match="50 characters"):
            env.secret_key()


class TestLog:
    def format(self, text: str, *args: object) -> str:
        record = logging.LogRecord("x", logging.INFO, "", 0, text, args, None)
        return logs.RedactingFormatter("{message}", style="{").format(record)

    def test_never_shows_a_secret_that_is_set(self, clean):
        clean.setenv("DATABASE_URL", "postgres://ann:very-secret@db/line")
        clean.setenv("SWITCHYARD_S3_SECRET_KEY", "abcdefgh1234")
        shown = self.format("cannot reach %s with abcdefgh1234 (very-secret)", "db")
        assert "very-secret" not in shown
        assert "abcdefgh1234" not in shown

    @pytest.mark.parametrize(
        "text",
        [
            "api_key=sk-12345",
            "Authorization: Bearer sk-12345",
            '"token": "sk-12345"',
            "redis://:sk-12345@host/0",
        ],
    )
    def test_hides_what_looks_like_a_secret(self, clean, text):
        assert "sk-12345" not in self.format(text)


def test_the_settings_page_is_fresh() -> None:
    call_command("settings_table", check=True)


def test_every_variable_the_product_names_is_declared() -> None:
    named = set()
    for folder in ("campaigns", "imaging", "routing", "bin"):
        for path in (env.BASE_DIR / folder).rglob("*"):
            if path.is_file() and path.suffix in {".py", ".sh", ""}:
                text = path.read_text(encoding="utf-8")
                named |= set(re.findall(r"\b(SWITCHYARD_[A-Z0-9_]+)\b(?=[\"'])", text))
    known = {setting.name for setting in env.SETTINGS}
    ours = {name for name in named if name.startswith("SWITCHYARD_")}
    assert {"SWITCHYARD_PORT", "SWITCHYARD_MODELS_DIR"} <= ours
    assert ours - known == set()
