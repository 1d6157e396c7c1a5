"""The one settings file. Environments differ by environment variables only (see env.py).

Nothing happens on import: folders and keys are made by the entry points (manage.py, wsgi.py).
"""

from datetime import timedelta
from urllib.parse import urlsplit

from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured

from campaigns import env, services

BASE_DIR = env.BASE_DIR

try:
    DATA_DIR = env.data_dir()
    MODELS_DIR = env.models_dir()
    PUBLIC_URL = env.public_url()
    DEBUG = env.flag("SWITCHYARD_DEBUG")
    SECRET_KEY = env.secret_key()
    REDIS_URL = services.redis_url()
    DATABASES = {"default": services.database()}
    MAX_UPLOAD_BYTES = env.number("SWITCHYARD_MAX_UPLOAD_MB", at_least=1) * 1024 * 1024
    MIN_FREE_BYTES = env.number("SWITCHYARD_MIN_FREE_MB") * 1024 * 1024
    BEHIND_PROXY = env.flag("SWITCHYARD_BEHIND_PROXY")
    LOG_LEVEL = env.choice("SWITCHYARD_LOG_LEVEL", ("DEBUG", "INFO", "WARNING", "ERROR"))
    MEDIA_WORKERS = env.number("SWITCHYARD_MEDIA_WORKERS", at_least=1, at_most=256)
    MODELS_WORKERS = env.number("SWITCHYARD_MODELS_WORKERS", at_least=1, at_most=256)
    CALLS_AT_ONCE = env.number("SWITCHYARD_CALLS_AT_ONCE", at_least=1, at_most=10_000)
    S3_PATH_STYLE = env.flag("SWITCHYARD_S3_PATH_STYLE")
    MEDIA_ORIGINS = services.media_origins()
    globals().update(services.email())
    PROVIDERS = services.providers()
except env.BadSetting as error:
    raise ImproperlyConfigured(str(error)) from error

# --- Addresses ---------------------------------------------------------------------------------
_public = urlsplit(PUBLIC_URL)
HTTPS = _public.scheme == "https"
ALLOWED_HOSTS = [
    _public.hostname or "localhost",
    "localhost",
    "127.0.0.1",
    "[::1]",
    *env.words("SWITCHYARD_ALLOWED_HOSTS"),
]
CSRF_TRUSTED_ORIGINS = [
    f"{_public.scheme}://{_public.netloc}",
    *env.words("SWITCHYARD_TRUSTED_ORIGINS"),
]

# --- Application -------------------------------------------------------------------------------
INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "django_rq",
    "django_htmx",
    "csp",
    "axes",
    "campaigns",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "campaigns.middleware.limits",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "axes.middleware.AxesMiddleware",  # must be last, it turns a lock-out into the answer
]
ROOT_URLCONF = "campaigns.urls"
WSGI_APPLICATION = "campaigns.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "campaigns.context.shell_context",
            ],
        },
    },
]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

LANGUAGE_CODE = "en"
TIME_ZONE = "UTC"
USE_I18N = False
USE_TZ = True

# --- People ------------------------------------------------------------------------------------
AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "django.contrib.auth.backends.ModelBackend",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 12},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
LOGIN_URL = "/sign-in/"
LOGIN_REDIRECT_URL = "/"
LOGOUT_REDIRECT_URL = "/sign-in/"
PASSWORD_RESET_TIMEOUT = 60 * 60  # seconds
FIRST_ADMIN_EMAIL = env.text("SWITCHYARD_ADMIN_EMAIL").lower()

# One address guessing one account is locked out; a stranger cannot lock the owner out elsewhere.
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_FAILURE_LIMIT = 8
AXES_COOLOFF_TIME = timedelta(minutes=15)
AXES_RESET_ON_SUCCESS = True
AXES_VERBOSE = False

# --- Security ----------------------------------------------------------------------------------
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "font-src": [SELF],
        # blob: previews of files that are being picked; data: the small icons in the styles.
        "img-src": [SELF, "blob:", "data:", *MEDIA_ORIGINS],
        "media-src": [SELF, "blob:", *MEDIA_ORIGINS],
        "connect-src": [SELF],
        "manifest-src": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
        "base-uri": [NONE],
        "object-src": [NONE],
    }
}
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_AGE = 14 * 24 * 60 * 60  # seconds
SESSION_COOKIE_NAME = "__Host-session" if HTTPS else "switchyard_session"
SESSION_COOKIE_SECURE = HTTPS
CSRF_COOKIE_SECURE = HTTPS
CSRF_COOKIE_HTTPONLY = True
CSRF_COOKIE_NAME = "__Host-csrf" if HTTPS else "switchyard_csrf"
SECURE_SSL_REDIRECT = HTTPS
# A balancer asks the process itself, over plain http.
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$"]
SECURE_HSTS_SECONDS = 365 * 24 * 60 * 60 if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = HTTPS
if BEHIND_PROXY:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
# W021 wants the preload mark; preloading is the choice of whoever owns the domain, not ours.
SILENCED_SYSTEM_CHECKS = ["security.W021"]

# --- Queue -------------------------------------------------------------------------------------
# Two queues by resource, and a worker listens on one of them only: with a single queue RQ moves
# a job atomically (BLMOVE), so a worker that dies between pop and start loses nothing.
RQ_QUEUES = {
    "models": {
        "URL": REDIS_URL,
        "DEFAULT_TIMEOUT": 10 * 60,
        "SERIALIZER": "rq.serializers.JSONSerializer",
    },
    "media": {
        "URL": REDIS_URL,
        "DEFAULT_TIMEOUT": 60 * 60,
        "SERIALIZER": "rq.serializers.JSONSerializer",
    },
}
RQ = {
    "JOB_CLASS": "campaigns.worker.NamedJob",
    "WORKER_CLASS": "campaigns.worker.ShortLeaseWorker",
    "COMMIT_MODE": "on_db_commit",
}

# --- Files -------------------------------------------------------------------------------------
STATIC_URL = "/static/"
STATIC_ROOT = DATA_DIR / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]

# Uploads go straight to disk, next to where they will be kept; memory stays flat.
FILE_UPLOAD_HANDLERS = ["django.core.files.uploadhandler.TemporaryFileUploadHandler"]
FILE_UPLOAD_TEMP_DIR = str(DATA_DIR / "tmp")
FILE_UPLOAD_PERMISSIONS = 0o600
FILE_UPLOAD_DIRECTORY_PERMISSIONS = 0o700
DATA_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 1000
DATA_UPLOAD_MAX_NUMBER_FILES = 50

S3_BUCKET = env.text("SWITCHYARD_S3_BUCKET")
_media: dict[str, object] = {
    "BACKEND": "django.core.files.storage.FileSystemStorage",
    # No base_url: media is private, and asking for a public address must fail.
    "OPTIONS": {"location": str(DATA_DIR / "media"), "base_url": None},
}
if S3_BUCKET:
    _media = {
        "BACKEND": "storages.backends.s3.S3Storage",
        "OPTIONS": {
            "bucket_name": S3_BUCKET,
            "endpoint_url": env.text("SWITCHYARD_S3_ENDPOINT") or None,
            "region_name": env.text("SWITCHYARD_S3_REGION") or None,
            "access_key": env.text("SWITCHYARD_S3_ACCESS_KEY") or None,
            "secret_key": env.text("SWITCHYARD_S3_SECRET_KEY") or None,
            "signature_version": "s3v4",  # the library's default still signs v2 links
            "addressing_style": "path" if S3_PATH_STYLE else "auto",
            "default_acl": None,
            "file_overwrite": False,
            "querystring_auth": True,
            "querystring_expire": 300,  # seconds
        },
    }
STORAGES = {
    "default": _media,
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG
        else "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}

# --- Content Credentials -----------------------------------------------------------------------
C2PA_CERT, C2PA_KEY = env.text("C2PA_CERT"), env.text("C2PA_KEY")
if bool(C2PA_CERT) != bool(C2PA_KEY):
    raise env.BadSetting("C2PA_CERT and C2PA_KEY go together; set both or neither.")
C2PA_PLATFORMS = env.words("C2PA_PLATFORMS")
_signed = {f"{name}{kind}" for name in ("tiktok", "reels", "shorts")
           for kind in ("", "-still", "-clip")}  # fmt: skip
if set(C2PA_PLATFORMS) - _signed:
    raise env.BadSetting(f"C2PA_PLATFORMS may name {', '.join(sorted(_signed))}.")

# --- Mail and log ------------------------------------------------------------------------------
DEFAULT_FROM_EMAIL = SERVER_EMAIL = env.text("SWITCHYARD_EMAIL_FROM")
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "line": {
            "()": "campaigns.logs.RedactingFormatter",
            "format": "{asctime} {levelname} {name} {message}",
            "style": "{",
        }
    },
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["stderr"], "level": LOG_LEVEL},
    "loggers": {
        # Django's own handlers would print a record a second time, without redaction.
        "django": {"handlers": [], "level": LOG_LEVEL, "propagate": True},
        "django.server": {"handlers": [], "level": LOG_LEVEL, "propagate": True},
        "rq.worker": {"handlers": [], "level": "WARNING", "propagate": True},
        "axes": {"handlers": [], "level": "WARNING", "propagate": True},
        # It logs every address in full, and some hold a key of ours.
        "httpx": {"handlers": [], "level": "WARNING", "propagate": True},
    },
}
