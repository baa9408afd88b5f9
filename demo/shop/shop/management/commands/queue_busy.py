"""Queue long tasks for drills."""

import json
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from shop.tasks import busy


class Command(BaseCommand):
    """Queue tasks that keep a core busy; print their ids as a JSON list."""

    help = __doc__

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("seconds", type=float, help="duration of each task")
        parser.add_argument("--count", type=int, default=1)
        parser.add_argument("--queue", choices=settings.QUEUE_NAMES, default="celery")

    def handle(self, *args: Any, **options: Any) -> None:
        ids = [busy.apply_async((options["seconds"],), queue=options["queue"]).id for _ in range(options["count"])]
        self.stdout.write(json.dumps(ids))
