"""Template context."""

from django.conf import settings
from django.http import HttpRequest


def version(request: HttpRequest) -> dict[str, str]:
    """Give every page the version it was made by."""
    return {"app_version": settings.APP_VERSION}
