"""Production's settings on made-up values, without outside services."""

import os
import tempfile
from pathlib import Path

os.environ.update(
    {
        "APP_VERSION": "0.0.0-test",
        "DJANGO_SECRET_KEY": "only-for-tests",
        "DJANGO_ALLOWED_HOSTS": "shop.example.test,localhost",
        "SITE_URL": "https://shop.example.test",
        "POSTGRES_DB": "shop",
        "POSTGRES_USER": "shop",
        "POSTGRES_PASSWORD": "only-for-tests",
        "POSTGRES_HOST": "database.invalid",
        "REDIS_HOST": "redis.invalid",
        "CELERY_BROKER_URL": "memory://",
    }
)

from .production import *  # noqa: F403

DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}}
CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
CELERY_TASK_ALWAYS_EAGER = True
CELERY_TASK_EAGER_PROPAGATES = True
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]

_folder = tempfile.TemporaryDirectory(prefix="shop-tests-")
_scratch = Path(_folder.name)
STATIC_ROOT = _scratch / "static"
MEDIA_ROOT = _scratch / "media"
BACKUP_LOCAL_PATH = _scratch / "backups"
for _path in (STATIC_ROOT, MEDIA_ROOT, BACKUP_LOCAL_PATH):
    _path.mkdir()
