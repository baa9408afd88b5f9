"""Pages of the shop."""

import logging

from django.contrib.admin.views.decorators import staff_member_required
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import (
    require_http_methods,
    require_POST,
    require_safe,
)
from kombu.exceptions import OperationalError as BrokerError

from shop import gold, metrics
from shop.forms import CheckoutForm, ProductForm
from shop.models import Order, Product
from shop.tasks import ORDER_TASKS

logger = logging.getLogger(__name__)


@require_safe
def product_list(request: HttpRequest) -> HttpResponse:
    """Show all products, each with a form to order it."""
    context = {"products": Product.objects.all(), "gold_price": gold.price()}
    return render(request, "shop/product_list.html", context)


@staff_member_required
@require_http_methods(["GET", "HEAD", "POST"])
def product_new(request: HttpRequest) -> HttpResponse:
    """Let staff add a product and upload its picture."""
    form = ProductForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        form.save()
        return redirect("product-list")
    status = 400 if request.method == "POST" else 200
    return render(request, "shop/product_new.html", {"form": form}, status=status)


@require_POST
def checkout(request: HttpRequest) -> HttpResponse:
    """Take an order and queue its tasks, one on each queue."""
    form = CheckoutForm(request.POST)
    if not form.is_valid():
        return _problem(request, dict(form.errors), status=400)
    order = form.save()
    metrics.ORDERS.inc()
    try:
        for task in ORDER_TASKS:
            task.delay(str(order.pk))
    except BrokerError as error:
        logger.error("Order %s is not queued: %s", order.pk, error)
        problems = {"order": ["It cannot be processed now, try again later."]}
        return _problem(request, problems, status=503)
    address = reverse("order", args=[order.pk])
    if _wants_json(request):
        content = {"id": str(order.pk), "url": address}
        return JsonResponse(content, status=201, headers={"Location": address})
    return redirect(address)


@require_safe
def order_detail(request: HttpRequest, pk: str) -> HttpResponse:
    """Show an order and which worker did which of its tasks."""
    order = get_object_or_404(Order.objects.select_related("product"), pk=pk)
    runs = list(order.task_runs.all())
    if not _wants_json(request):
        return render(request, "shop/order.html", {"order": order, "runs": runs})
    tasks = [
        {
            "name": run.name,
            "queue": run.queue,
            "worker": run.worker,
            "attempts": run.attempts,
            "started_at": run.started_at,
            "finished_at": run.finished_at,
        }
        for run in runs
    ]
    done = [run for run in runs if run.finished_at]
    return JsonResponse(
        {
            "id": str(order.pk),
            "product": order.product.sku,
            "quantity": order.quantity,
            "total": order.total,
            "confirmed_at": order.confirmed_at,
            "complete": len(done) == len(ORDER_TASKS),
            "tasks": tasks,
        }
    )


@csrf_exempt
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def how_it_arrived(request: HttpRequest) -> JsonResponse:
    """Tell how this request looks from here, behind all proxies."""
    forwarded_for = request.headers.get("X-Forwarded-For", "")
    client = forwarded_for.split(",")[0].strip()
    return JsonResponse(
        {
            "secure": request.is_secure(),
            "scheme": request.scheme,
            "host": request.get_host(),
            "client": client or request.META["REMOTE_ADDR"],
            "forwarded_for": forwarded_for,
            "real_ip": request.headers.get("X-Real-Ip", ""),
            "body_length": len(request.body),
        }
    )


def _wants_json(request: HttpRequest) -> bool:
    if request.GET.get("format") == "json":
        return True
    return request.get_preferred_type(["text/html", "application/json"]) == ("application/json")


def _problem(request: HttpRequest, problems: dict[str, list[str]], status: int) -> HttpResponse:
    if _wants_json(request):
        return JsonResponse({"errors": problems}, status=status)
    context = {"problems": problems}
    return render(request, "shop/problem.html", context, status=status)
