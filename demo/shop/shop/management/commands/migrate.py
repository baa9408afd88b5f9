"""Django's ``migrate`` with a switch that makes it fail."""

import sys
from typing import Any

from django.conf import settings
from django.core.management.commands import migrate


class Command(migrate.Command):
    """Apply migrations, or end with the exit code in ``DEMO_FAIL_MIGRATE``."""

    def handle(self, *args: Any, **options: Any) -> None:
        code = settings.DEMO_FAIL_MIGRATE
        if code:
            self.stderr.write(f"migrate: DEMO_FAIL_MIGRATE asks for exit code {code}")
            sys.exit(code)
        super().handle(*args, **options)
