"""Settings read from the environment; the process does not start without them."""

from pathlib import Path
from urllib.parse import quote

from config import drills, environment

from .base import *  # noqa: F403

environment.require_mandatory()
drills.apply()

APP_VERSION = environment.text(
    "APP_VERSION",
    (BASE_DIR / "VERSION").read_text(encoding="ascii").strip(),  # noqa: F405
)
SECRET_KEY = environment.text("DJANGO_SECRET_KEY")
ALLOWED_HOSTS = environment.words("DJANGO_ALLOWED_HOSTS")
SITE_URL = environment.origin("SITE_URL")
CSRF_TRUSTED_ORIGINS = [SITE_URL]
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SITE_URL.startswith("https:")
SECURE_SSL_REDIRECT = environment.flag("SECURE_SSL_REDIRECT", default=True)

_through_pgbouncer = environment.flag("USE_PGBOUNCER")
_database_address = (
    {
        "HOST": environment.text("PGBOUNCER_HOST"),
        "PORT": environment.integer("PGBOUNCER_PORT", 6432),
    }
    if _through_pgbouncer
    else {
        "HOST": environment.text("POSTGRES_HOST"),
        "PORT": environment.integer("POSTGRES_PORT", 5432),
    }
)
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": environment.text("POSTGRES_DB"),
        "USER": environment.text("POSTGRES_USER"),
        "PASSWORD": environment.text("POSTGRES_PASSWORD"),
        **_database_address,
        # A transaction pool keeps no cursor from one statement to the next.
        "DISABLE_SERVER_SIDE_CURSORS": _through_pgbouncer,
        "OPTIONS": {"connect_timeout": 5, "tcp_user_timeout": 10_000},
    }
}

_redis_login = quote(environment.text("REDIS_PASSWORD"), safe="")
_redis_over_tls = environment.flag("REDIS_SSL")
_redis_server = "{scheme}://{login}{host}:{port}".format(
    scheme="rediss" if _redis_over_tls else "redis",
    login=f"{quote(environment.text('REDIS_USERNAME'), safe='')}:{_redis_login}@" if _redis_login else "",
    host=environment.text("REDIS_HOST"),
    port=environment.integer("REDIS_PORT", 6379),
)
_redis_query = ""
if _redis_over_tls:
    _redis_query = "?ssl_cert_reqs=required"
    if _redis_ca_file := environment.text("REDIS_SSL_CA_CERTS"):
        _redis_query += f"&ssl_ca_certs={quote(_redis_ca_file, safe='')}"
REDIS_URL = f"{_redis_server}/0{_redis_query}"
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": f"{_redis_server}/1{_redis_query}",
        "OPTIONS": {"socket_connect_timeout": 2, "socket_timeout": 2},
    }
}

CELERY_BROKER_URL = environment.text("CELERY_BROKER_URL")
CELERY_RESULT_BACKEND = environment.text("CELERY_RESULT_BACKEND") or None
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": environment.integer("CELERY_VISIBILITY_TIMEOUT", 3600),
    "socket_connect_timeout": 5,
    "socket_keepalive": True,
}

DEFAULT_FROM_EMAIL = environment.text("DEFAULT_FROM_EMAIL", "shop@localhost")
EMAIL_HOST = environment.text("EMAIL_HOST")
EMAIL_PORT = environment.integer("EMAIL_PORT", 25)
EMAIL_HOST_USER = environment.text("EMAIL_HOST_USER")
EMAIL_HOST_PASSWORD = environment.text("EMAIL_HOST_PASSWORD")
EMAIL_USE_TLS = environment.flag("EMAIL_USE_TLS")
EMAIL_TIMEOUT = 10
EMAIL_BACKEND = "django.core.mail.backends.{}.EmailBackend".format("smtp" if EMAIL_HOST else "console")

BACKUP_LOCAL_PATH = Path(environment.text("BACKUP_LOCAL_PATH", "/backups"))

DEMO_SLOW_SECONDS = environment.seconds("DEMO_SLOW_SECONDS")
DEMO_FAIL_BEHIND_PROXY = environment.flag("DEMO_FAIL_BEHIND_PROXY")
DEMO_FAIL_VIEW = environment.text("DEMO_FAIL_VIEW", "")
DEMO_NEVER_READY = environment.flag("DEMO_NEVER_READY")
DEMO_FAIL_MIGRATE = environment.integer("DEMO_FAIL_MIGRATE", 0)
