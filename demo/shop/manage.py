#!/usr/bin/env python3
"""Run Django's management commands with the production settings by default."""

import os
import sys

from django.core.management import execute_from_command_line


def main() -> None:
    """Hand the command line over to Django."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.production")
    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
