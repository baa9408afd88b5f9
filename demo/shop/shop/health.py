"""Health and metrics endpoints."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from prometheus_client import CONTENT_TYPE_LATEST

from shop import checks, metrics


@never_cache
@require_safe
def process(request: HttpRequest) -> JsonResponse:
    """Answer as long as the process does; asks nothing else."""
    return JsonResponse({"status": "ok", "version": settings.APP_VERSION})


@never_cache
@require_safe
def ready(request: HttpRequest) -> JsonResponse:
    """Tell whether this replica can serve: database and Redis answer."""
    results = checks.run(checks.READINESS)
    if settings.DEMO_NEVER_READY:
        results["demo"] = "DEMO_NEVER_READY is set"
    return _verdict(results, {}, good="ready", bad="not ready")


@never_cache
@require_safe
def detailed(request: HttpRequest) -> JsonResponse:
    """Tell all that is known about this replica and what it depends on."""
    results = checks.run({**checks.DETAILED, **checks.FACTS})
    facts = {name: results.pop(name) for name in checks.FACTS}
    return _verdict(results, facts, good="ok", bad="degraded")


@never_cache
@require_safe
def prometheus(request: HttpRequest) -> HttpResponse:
    """Return the metrics of all workers of this replica."""
    return HttpResponse(metrics.exposition(), content_type=CONTENT_TYPE_LATEST)


def _verdict(results: dict[str, object], facts: dict[str, object], *, good: str, bad: str) -> JsonResponse:
    healthy = all(result == "ok" for result in results.values())
    content = {
        "status": good if healthy else bad,
        "checks": results,
        **facts,
        "version": settings.APP_VERSION,
    }
    return JsonResponse(content, status=200 if healthy else 503)
