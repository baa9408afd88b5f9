"""gunicorn reads this file from its working folder, whatever its command line says.

Only what belongs to the application is here; address, workers and threads are the
deployment's. gunicorn takes public names as settings, hence the underscores.
"""

import os as _os
import tempfile as _tempfile
from pathlib import Path as _Path
from typing import Any as _Any

# Set before the first import of prometheus_client, which reads it only then.
_os.environ.setdefault(
    "PROMETHEUS_MULTIPROC_DIR",
    str(_Path(_tempfile.gettempdir()) / "prometheus-multiproc"),
)

# Its socket would be below HOME, which is read-only.
control_socket_disable = True


def on_starting(server: _Any) -> None:
    """Check the settings once, in the master: a worker that ends is only replaced."""
    folder = _Path(_os.environ["PROMETHEUS_MULTIPROC_DIR"])
    folder.mkdir(parents=True, exist_ok=True)
    for leftover in folder.glob("*.db"):
        leftover.unlink()
    _os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.production")

    from django.conf import settings

    server.log.info("jewelry-shop %s", settings.APP_VERSION)


def child_exit(server: _Any, worker: _Any) -> None:
    """Forget the gauges of a worker that ended."""
    from prometheus_client import multiprocess

    multiprocess.mark_process_dead(worker.pid)
