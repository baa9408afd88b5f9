"""Print what is recorded about tasks."""

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand
from django.core.serializers.json import DjangoJSONEncoder

from shop.models import TaskRun

FIELDS = (
    "task_id",
    "name",
    "queue",
    "worker",
    "attempts",
    "started_at",
    "finished_at",
)


class Command(BaseCommand):
    """Print the runs of the given tasks as a JSON list; a run not begun has none."""

    help = __doc__

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("task_id", nargs="+")

    def handle(self, *args: Any, **options: Any) -> None:
        runs = TaskRun.objects.filter(task_id__in=options["task_id"])
        rows = list(runs.values(*FIELDS))
        self.stdout.write(json.dumps(rows, cls=DjangoJSONEncoder))
