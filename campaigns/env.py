"""Every environment variable Switchyard reads, in one declarative table, and the loud readers.

A reader fails with one clear sentence instead of guessing. Each variable may also be given as
NAME_FILE, the path of a file that holds the value, so that secrets need not stand in the
environment. This module must not import Django or anything that reads settings: manage.py and
the web entry points use it before Django is configured.
"""

import os
import secrets
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

BASE_DIR = Path(__file__).resolve().parent.parent


class BadSetting(Exception):
    """An environment variable or the data folder cannot be used; the text says the remedy."""


@dataclass(frozen=True, slots=True)
class Setting:
    """One row of the table: the variable, what it is without one, and what it is for."""

    name: str
    default: str
    meaning: str
    group: str = "Basics"
    secret: bool = False


SETTINGS: tuple[Setting, ...] = (
    Setting(
        "SWITCHYARD_DATA_DIR",
        "data",
        "Folder for everything that must be kept: database, "
        "media, queue, secret key. Relative paths start at the checkout.",
    ),
    Setting(
        "SWITCHYARD_URL",
        "",
        "Address people type. With https the cookies are secure and plain http is redirected. "
        "Empty: http on this machine at SWITCHYARD_PORT.",
    ),
    Setting("SWITCHYARD_BIND", "127.0.0.1", "Address the web server listens on."),
    Setting("SWITCHYARD_PORT", "8000", "Port the web server listens on."),
    Setting("SWITCHYARD_WEB_PROCESSES", "2", "Web server processes; each has 4 threads."),
    Setting(
        "SWITCHYARD_MODELS_WORKERS", "1", "Workers of the queue `models` (waiting on the network)."
    ),
    Setting(
        "SWITCHYARD_CALLS_AT_ONCE",
        "10",
        "Most calls that one provider works on at a time. While several teams wait, each gets "
        "its share.",
    ),
    Setting(
        "SWITCHYARD_MEDIA_WORKERS",
        "1",
        "Workers of the queue `media` (pictures and clips; about one per processor core).",
    ),
    Setting(
        "SWITCHYARD_GRACE_S",
        "60",
        "Seconds a running job gets to finish at Ctrl-C before it is handed back.",
    ),
    Setting(
        "SWITCHYARD_MODELS_DIR",
        "",
        "Folder of the model weights. Empty: `models` in the data folder.",
    ),
    Setting("SWITCHYARD_MAX_UPLOAD_MB", "512", "Largest upload in megabytes."),
    Setting(
        "SWITCHYARD_MIN_FREE_MB",
        "512",
        "Free disk space in megabytes below which the start is refused and `/readyz` says no.",
    ),
    Setting(
        "SWITCHYARD_DEBUG",
        "0",
        "1 shows stack traces in the browser. Never in production.",
        "Security",
    ),
    Setting(
        "SWITCHYARD_SECRET_KEY",
        "",
        "Signs sessions and links. Empty: made at the first start and kept in the data folder.",
        "Security",
        secret=True,
    ),
    Setting(
        "SWITCHYARD_ALLOWED_HOSTS",
        "",
        "Comma-separated host names that are answered, beside "
        "the host of SWITCHYARD_URL and this machine itself.",
        "Security",
    ),
    Setting(
        "SWITCHYARD_TRUSTED_ORIGINS",
        "",
        "Comma-separated origins (https://…) whose forms are accepted, beside SWITCHYARD_URL.",
        "Security",
    ),
    Setting(
        "SWITCHYARD_BEHIND_PROXY",
        "0",
        "1 trusts X-Forwarded-Proto of a proxy in front. Only when the proxy always sets it.",
        "Security",
    ),
    Setting(
        "SWITCHYARD_ADMIN_EMAIL",
        "admin@localhost",
        "E-mail address of the first admin.",
        "Security",
    ),
    Setting(
        "DATABASE_URL",
        "",
        "postgres://user:password@host/name, or sqlite:///path. Empty: SQLite in the data folder.",
        "Services",
        secret=True,
    ),
    Setting(
        "REDIS_URL",
        "",
        "redis://, rediss:// or unix:// address of a Redis >= 6.2 or Valkey. "
        "Empty: an embedded server is started.",
        "Services",
        secret=True,
    ),
    Setting(
        "SWITCHYARD_EMAIL_URL",
        "",
        "smtp://user:password@host:587?tls=1 (or ssl=1). Empty: mails are printed to the log.",
        "Services",
        secret=True,
    ),
    Setting(
        "SWITCHYARD_EMAIL_FROM", "Switchyard <switchyard@localhost>", "Sender of mails.", "Services"
    ),
    Setting("SWITCHYARD_LOG_LEVEL", "INFO", "DEBUG, INFO, WARNING or ERROR.", "Services"),
    Setting(
        "FAL_KEY",
        "",
        "Key of fal (id:secret). With it fal's models can be chosen.",
        "Models",
        secret=True,
    ),
    Setting(
        "FAL_ACCOUNT",
        "",
        "Your user id at fal. Empty: its messages do not count, and fal is asked instead.",
        "Models",
    ),
    Setting("REPLICATE_API_TOKEN", "", "Key of Replicate.", "Models", secret=True),
    Setting("GEMINI_API_KEY", "", "Key of Google's Gemini API.", "Models", secret=True),
    Setting("COMFYUI_URL", "", "Where a ComfyUI of your own is. Empty: none.", "Models"),
    Setting(
        "COMFYUI_HEADER",
        "",
        "A header for each call to it, as `Name: value`, such as the key of a proxy.",
        "Models",
        secret=True,
    ),
    Setting("FAL_QUEUE_URL", "https://queue.fal.run", "Where fal's queue is.", "Models"),
    Setting(
        "FAL_REST_URL", "https://rest.fal.ai", "Where fal keeps input files and keys.", "Models"
    ),
    Setting("FAL_API_URL", "https://api.fal.ai", "Where fal's prices are.", "Models"),
    Setting("FAL_CDN_URL", "https://v3.fal.media", "Where fal takes input files in.", "Models"),
    Setting("FAL_SCHEMA_URL", "https://fal.ai", "Where fal says what its models take.", "Models"),
    Setting("REPLICATE_URL", "https://api.replicate.com", "Where Replicate is.", "Models"),
    Setting(
        "GEMINI_URL", "https://generativelanguage.googleapis.com", "Where Gemini is.", "Models"
    ),
    Setting(
        "C2PA_CERT",
        "",
        "Certificate that signs platform files (Content Credentials), PEM, followed by its "
        "issuers. Best given as C2PA_CERT_FILE. Empty: files are labelled but not signed. Needs "
        "the packages of requirements-signing.txt.",
        "Content Credentials",
    ),
    Setting(
        "C2PA_KEY",
        "",
        "Private key of C2PA_CERT, PEM, without a password. Best given as C2PA_KEY_FILE.",
        "Content Credentials",
        secret=True,
    ),
    Setting(
        "C2PA_PLATFORMS",
        "tiktok,reels-still,shorts",
        "Which files are signed: tiktok, reels, shorts, or only their stills or clips as in "
        "reels-still. Meta asks for clips without special boxes, so reels-clip is left out.",
        "Content Credentials",
    ),
    Setting(
        "SWITCHYARD_S3_BUCKET",
        "",
        "Bucket for media. Empty: files in the data folder.",
        "Object storage",
    ),
    Setting(
        "SWITCHYARD_S3_ENDPOINT",
        "",
        "Address of an S3-compatible service. Empty: AWS.",
        "Object storage",
    ),
    Setting("SWITCHYARD_S3_REGION", "", "Region of the bucket.", "Object storage"),
    Setting(
        "SWITCHYARD_S3_ACCESS_KEY",
        "",
        "Access key. Empty: the machine's own role.",
        "Object storage",
        secret=True,
    ),
    Setting(
        "SWITCHYARD_S3_SECRET_KEY", "", "Secret of the access key.", "Object storage", secret=True
    ),
    Setting(
        "SWITCHYARD_S3_PATH_STYLE",
        "0",
        "1 for services that want the bucket in the path.",
        "Object storage",
    ),
)

_BY_NAME = {setting.name: setting for setting in SETTINGS}


def text(name: str) -> str:
    """Value of a declared variable, its NAME_FILE, or its default.

    Raises BadSetting when both are set or the file cannot be read, KeyError for an undeclared
    name.
    """
    setting = _BY_NAME[name]
    value, file_name = os.environ.get(name), os.environ.get(f"{name}_FILE")
    if value is not None and file_name:
        raise BadSetting(f"both {name} and {name}_FILE are set; remove one of them.")
    if file_name:
        try:
            return Path(file_name).read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise BadSetting(
                f"{name}_FILE names {file_name}, which cannot be read: {error}."
            ) from error
    return setting.default if value is None else value.strip()


def flag(name: str) -> bool:
    """A yes/no variable. Raises BadSetting for anything else than 1/0, true/false, yes/no."""
    value = text(name).lower()
    if value in {"1", "true", "yes", "on"}:
        return True
    if value in {"", "0", "false", "no", "off"}:
        return False
    raise BadSetting(f"{name} is {value!r}; use 1 or 0.")


def number(name: str, *, at_least: int = 0, at_most: int | None = None) -> int:
    """A whole number. Raises BadSetting when it is none or out of range."""
    value = text(name)
    try:
        result = int(value)
    except ValueError:
        raise BadSetting(f"{name} is {value!r}; use a whole number.") from None
    if result < at_least or (at_most is not None and result > at_most):
        upper = f" and at most {at_most}" if at_most is not None else ""
        raise BadSetting(f"{name} is {result}; it must be at least {at_least}{upper}.")
    return result


def words(name: str) -> list[str]:
    """A comma-separated list without empty entries."""
    return [word.strip() for word in text(name).split(",") if word.strip()]


def choice(name: str, allowed: tuple[str, ...]) -> str:
    """One of a few words, any case. Raises BadSetting naming the allowed ones."""
    value = text(name).upper()
    if value not in allowed:
        raise BadSetting(f"{name} is {value!r}; use one of {', '.join(allowed)}.")
    return value


def public_url() -> str:
    """The address people type, without a slash at its end. Raises BadSetting."""
    given = text("SWITCHYARD_URL").rstrip("/")
    if not given:
        return f"http://127.0.0.1:{number('SWITCHYARD_PORT', at_least=1, at_most=65535)}"
    parts = urlsplit(given)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.path:
        raise BadSetting("SWITCHYARD_URL must look like https://switchyard.example.com.")
    return given


def data_dir() -> Path:
    """The data folder as an absolute path; it need not exist yet."""
    value = text("SWITCHYARD_DATA_DIR")
    if not value:
        raise BadSetting("SWITCHYARD_DATA_DIR is empty; name a folder or leave it out.")
    return (BASE_DIR / Path(value).expanduser()).resolve()


def models_dir() -> Path:
    """The folder of the model weights as an absolute path; it need not exist yet."""
    value = text("SWITCHYARD_MODELS_DIR")
    return (BASE_DIR / Path(value).expanduser()).resolve() if value else data_dir() / "models"


def prepare() -> Path:
    """Make the data folder, its parts and the secret key; safe to call from many processes.

    Also names the models folder to `imaging`, which reads nothing but that one variable.
    Raises BadSetting when the folder cannot be written.
    """
    folder = data_dir()
    os.environ["SWITCHYARD_MODELS_DIR"] = str(models_dir())
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for part in ("media", "tmp", "run"):
            (folder / part).mkdir(mode=0o700, exist_ok=True)
        _make_secret_key(folder)
    except OSError as error:
        raise BadSetting(
            f"the data folder {folder} cannot be written ({error.strerror or error}); "
            "give its owner back to you (chown), or name another one with --data."
        ) from error
    return folder


def _make_secret_key(folder: Path) -> None:
    target = folder / "secret_key"
    if text("SWITCHYARD_SECRET_KEY") or target.exists():
        return
    # Written whole under another name, then linked: two processes that start together agree.
    draft = folder / f"secret_key.{os.getpid()}"
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(secrets.token_urlsafe(64))
    try:
        os.link(draft, target)
    except FileExistsError:
        pass
    finally:
        draft.unlink()


def secret_key() -> str:
    """The signing key from the environment or the data folder.

    Without either (a type checker, say, that only imports the settings) a key of this process;
    everything that serves calls `prepare` first.
    """
    given = text("SWITCHYARD_SECRET_KEY")
    if given:
        if len(given) < 50:
            raise BadSetting("SWITCHYARD_SECRET_KEY is shorter than 50 characters; use a long one.")
        return given
    try:
        return (data_dir() / "secret_key").read_text(encoding="ascii").strip()
    except FileNotFoundError:
        return secrets.token_urlsafe(64)
    except (OSError, UnicodeDecodeError) as error:
        raise BadSetting(f"the secret key in {data_dir()} cannot be read: {error}.") from error


def secret_values() -> tuple[str, ...]:
    """The values that must never be logged: every secret that is set, long enough to be one."""
    values = [text(setting.name) for setting in SETTINGS if setting.secret]
    values += [unquote(urlsplit(value).password or "") for value in values if "://" in value]
    return tuple(sorted({value for value in values if len(value) >= 8}, key=len, reverse=True))
