"""Where the services are: queue, database and mail, read from their addresses.

It must not connect to any of them, and like env.py it must not import Django.
"""

import hashlib
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import parse_qsl, quote, unquote, urlsplit

from campaigns import env

# A Unix socket's path must fit into sockaddr_un (108 bytes on Linux, 104 on macOS).
MAX_SOCKET_PATH = 100


def socket_path() -> Path:
    """Where the embedded queue server listens: in the data folder when that path is short enough.

    Otherwise a folder in the temporary directory whose name follows from the data folder, so
    that every process finds the same one.
    """
    inside = env.data_dir() / "run" / "queue.sock"
    if len(os.fsencode(inside)) <= MAX_SOCKET_PATH:
        return inside
    name = hashlib.sha256(os.fsencode(env.data_dir())).hexdigest()[:12]
    for root in (tempfile.gettempdir(), "/tmp"):  # noqa: S108 - the folder is made 0700 and ours
        outside = Path(root) / f"switchyard-{os.getuid()}-{name}" / "queue.sock"
        if len(os.fsencode(outside)) <= MAX_SOCKET_PATH:
            return outside
    raise env.BadSetting(
        f"the path {inside} is too long for a socket; name a shorter --data folder."
    )


def redis_url() -> str:
    """REDIS_URL, or the address of the embedded server's socket."""
    given = env.text("REDIS_URL")
    if not given:
        return "unix://" + quote(str(socket_path()))
    if urlsplit(given).scheme not in {"redis", "rediss", "unix"}:
        raise env.BadSetting("REDIS_URL must start with redis://, rediss:// or unix://.")
    return given


def database() -> dict[str, object]:
    """Django's entry for the one database, from DATABASE_URL. Raises BadSetting."""
    given = env.text("DATABASE_URL")
    parts = urlsplit(given)
    if not given or parts.scheme in {"sqlite", "sqlite3"}:
        name = unquote(parts.path[1:]) if given else str(env.data_dir() / "db.sqlite3")
        if not name:
            raise env.BadSetting("DATABASE_URL names no SQLite file; use sqlite:///path/to/file.")
        return {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": name,
            # Measured with four writers: the only combination that is fast and never answers
            # "database is locked". IMMEDIATE takes the write lock up front, so no ATOMIC_REQUESTS.
            "OPTIONS": {
                "timeout": 20,
                "transaction_mode": "IMMEDIATE",
                "init_command": "PRAGMA journal_mode=WAL;PRAGMA synchronous=NORMAL;",
            },
            # Tests run on a file too: in memory, threads would see other locks than in life.
            "TEST": {"NAME": str(env.data_dir() / "test.sqlite3")},
        }
    if parts.scheme not in {"postgres", "postgresql"}:
        raise env.BadSetting("DATABASE_URL must start with postgres:// or sqlite:///.")
    name = unquote(parts.path.strip("/"))
    if not name:
        raise env.BadSetting(
            "DATABASE_URL names no database; use postgres://user:password@host/name."
        )
    options: dict[str, object] = dict(parse_qsl(parts.query))
    host = str(options.pop("host", "")) or unquote(parts.hostname or "")
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": name,
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": host,
        "PORT": str(parts.port or ""),
        "CONN_MAX_AGE": 60,
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": options,
    }


def email() -> Mapping[str, object]:
    """Django's EMAIL_* settings from SWITCHYARD_EMAIL_URL. Raises BadSetting."""
    given = env.text("SWITCHYARD_EMAIL_URL")
    if not given:
        return {"EMAIL_BACKEND": "django.core.mail.backends.console.EmailBackend"}
    parts = urlsplit(given)
    if parts.scheme != "smtp" or not parts.hostname:
        raise env.BadSetting(
            "SWITCHYARD_EMAIL_URL must look like smtp://user:password@host:587?tls=1."
        )
    options = dict(parse_qsl(parts.query))
    return {
        "EMAIL_BACKEND": "django.core.mail.backends.smtp.EmailBackend",
        "EMAIL_HOST": parts.hostname,
        "EMAIL_PORT": parts.port or 25,
        "EMAIL_HOST_USER": unquote(parts.username or ""),
        "EMAIL_HOST_PASSWORD": unquote(parts.password or ""),
        "EMAIL_USE_TLS": options.get("tls") == "1",
        "EMAIL_USE_SSL": options.get("ssl") == "1",
        "EMAIL_TIMEOUT": 20,
    }


def media_origins() -> list[str]:
    """Origins that a browser is sent to for stored files: the bucket's, or none without one.

    Pictures are redirected there, so the page's policy must name them. Raises BadSetting.
    """
    bucket = env.text("SWITCHYARD_S3_BUCKET")
    if not bucket:
        return []
    endpoint = env.text("SWITCHYARD_S3_ENDPOINT")
    parts = urlsplit(endpoint)
    if endpoint and (parts.scheme not in {"http", "https"} or not parts.hostname):
        raise env.BadSetting("SWITCHYARD_S3_ENDPOINT must look like https://s3.example.com.")
    region = env.text("SWITCHYARD_S3_REGION")
    scheme, hosts = "https", ["s3.amazonaws.com"]
    if endpoint:
        scheme, hosts = parts.scheme, [parts.netloc]
    elif region:
        hosts.append(f"s3.{region}.amazonaws.com")
    # The library puts the bucket before the host unless its name has dots, which no certificate
    # covers, or the host is an address; a shared host is named only when it is really used.
    in_path = env.flag("SWITCHYARD_S3_PATH_STYLE") or "." in bucket
    found = [] if in_path else [f"{scheme}://{bucket}.{host}" for host in hosts]
    if in_path or endpoint:
        found += [f"{scheme}://{host}" for host in hosts]
    return found


def providers() -> dict[str, dict[str, str]]:
    """Keys and addresses of hosted providers. Raises env.BadSetting for what is no address."""
    names = {
        "fal": {
            "secret": "FAL_KEY",
            "account": "FAL_ACCOUNT",
            "queue": "FAL_QUEUE_URL",
            "rest": "FAL_REST_URL",
            "api": "FAL_API_URL",
            "cdn": "FAL_CDN_URL",
            "schemas": "FAL_SCHEMA_URL",
        },
        "replicate": {"secret": "REPLICATE_API_TOKEN", "api": "REPLICATE_URL"},
        "google": {"secret": "GEMINI_API_KEY", "api": "GEMINI_URL"},
        # no key of its own: with its address it is connected
        "comfyui": {"secret": "COMFYUI_URL", "api": "COMFYUI_URL", "header": "COMFYUI_HEADER"},
    }
    found = {key: {part: env.text(name) for part, name in of.items()} for key, of in names.items()}
    for key, of in names.items():
        for part, name in of.items():
            if not name.endswith("_URL") or (name == "COMFYUI_URL" and not found[key][part]):
                continue
            address = urlsplit(found[key][part])
            if address.scheme not in ("http", "https") or not address.hostname:
                raise env.BadSetting(f"{name} must be an http or https address.")
    header = found["comfyui"]["header"]
    if header and not all(part.strip() for part in header.partition(":")):
        raise env.BadSetting("COMFYUI_HEADER must look like `Name: value`.")
    return found
