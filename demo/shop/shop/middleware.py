"""Middleware: request metrics and the switch that slows requests down."""

import time
from collections.abc import Callable

from django.conf import settings
from django.core.exceptions import MiddlewareNotUsed
from django.http import HttpRequest, HttpResponse

from shop import metrics

GetResponse = Callable[[HttpRequest], HttpResponse]
# A client may invent methods; each would become a time series.
METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}


class MetricsMiddleware:
    """Count each request and the time it took."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        start = time.perf_counter()
        response = self.get_response(request)
        match = request.resolver_match
        view = match.view_name if match else "none"
        method = request.method if request.method in METHODS else "other"
        metrics.REQUESTS.labels(method, view, response.status_code).inc()
        metrics.DURATION.labels(view).observe(time.perf_counter() - start)
        return response


class SlowMiddleware:
    """Delay each request by ``DEMO_SLOW_SECONDS``."""

    def __init__(self, get_response: GetResponse) -> None:
        if not settings.DEMO_SLOW_SECONDS:
            raise MiddlewareNotUsed
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        time.sleep(settings.DEMO_SLOW_SECONDS)
        return self.get_response(request)


class FailBehindProxyMiddleware:
    """Answer 500 to each request that a proxy passes on, while ``DEMO_FAIL_BEHIND_PROXY`` is set."""

    def __init__(self, get_response: GetResponse) -> None:
        if not settings.DEMO_FAIL_BEHIND_PROXY:
            raise MiddlewareNotUsed
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if "X-Real-Ip" in request.headers:
            return HttpResponse("DEMO_FAIL_BEHIND_PROXY is set\n", status=500, content_type="text/plain")
        return self.get_response(request)


class FailViewMiddleware:
    """Answer 500 to each request for the view ``DEMO_FAIL_VIEW``."""

    def __init__(self, get_response: GetResponse) -> None:
        if not settings.DEMO_FAIL_VIEW:
            raise MiddlewareNotUsed
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(self, request: HttpRequest, *_view: object) -> HttpResponse | None:
        match = request.resolver_match
        if match and match.view_name == settings.DEMO_FAIL_VIEW:
            return HttpResponse("DEMO_FAIL_VIEW is set\n", status=500, content_type="text/plain")
        return None
