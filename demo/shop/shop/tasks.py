"""Celery tasks. Each leaves a ``TaskRun``; all may be delivered more than once."""

import json
import logging
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

from celery import Task, shared_task
from django.conf import settings
from django.core.cache import cache
from django.core.mail import send_mail
from django.db import InterfaceError, OperationalError
from django.db.models import F
from django.utils import timezone

from shop import gold
from shop.models import Order, TaskRun

logger = logging.getLogger(__name__)

OPTIONS: dict[str, Any] = {
    "bind": True,
    # The database may be away for minutes; the task is not lost by that.
    "autoretry_for": (OperationalError, InterfaceError),
    "retry_backoff": 2,
    "retry_backoff_max": 30,
    "max_retries": 30,
}


@contextmanager
def recorded(task: Task, order_id: str | None = None) -> Iterator[None]:
    """Record that a worker runs ``task``, and that it ended if it does."""
    now = timezone.now()
    place = {"queue": _queue(task), "worker": task.request.hostname or "unknown"}
    run, created = TaskRun.objects.get_or_create(
        task_id=task.request.id,
        defaults={
            "name": task.name,
            "order_id": order_id,
            "started_at": now,
            **place,
        },
    )
    runs = TaskRun.objects.filter(pk=run.pk)
    if not created:
        runs.update(attempts=F("attempts") + 1, started_at=now, **place)
    yield
    runs.update(finished_at=timezone.now())


def _queue(task: Task) -> str:
    """Return the queue that delivered the task, or would have if it is eager."""
    delivered_by = (task.request.delivery_info or {}).get("routing_key")
    if delivered_by:
        return str(delivered_by)
    return str(task.app.amqp.router.route({}, task.name)["queue"].name)


@shared_task(**OPTIONS)
def confirm_order(self: Task, order_id: str) -> None:
    """Mark an order as confirmed."""
    with recorded(self, order_id):
        orders = Order.objects.filter(pk=order_id, confirmed_at=None)
        orders.update(confirmed_at=timezone.now())


@shared_task(**OPTIONS)
def back_up_order(self: Task, order_id: str) -> None:
    """Write an order as JSON below ``BACKUP_LOCAL_PATH``."""
    with recorded(self, order_id):
        order = Order.objects.select_related("product").get(pk=order_id)
        folder = Path(settings.BACKUP_LOCAL_PATH, "orders")
        folder.mkdir(parents=True, exist_ok=True)
        content = {
            "id": order_id,
            "product": order.product.sku,
            "quantity": order.quantity,
            "email": order.email,
            "created_at": order.created_at.isoformat(),
        }
        unfinished = folder / f".{order_id}.{os.getpid()}"
        unfinished.write_text(json.dumps(content), encoding="utf-8")
        unfinished.rename(folder / f"{order_id}.json")


@shared_task(**OPTIONS)
def price_order(self: Task, order_id: str) -> None:
    """Work out an order's total."""
    with recorded(self, order_id):
        order = Order.objects.select_related("product").get(pk=order_id)
        order.total = order.product.price * order.quantity
        order.save(update_fields=["total"])


@shared_task(**OPTIONS)
def report_orders(self: Task, order_id: str) -> None:
    """Put the number of the last day's orders into the cache."""
    with recorded(self, order_id):
        since = timezone.now() - timedelta(days=1)
        count = Order.objects.filter(created_at__gte=since).count()
        cache.set("orders-last-day", count, timeout=None)


@shared_task(**OPTIONS)
def notify_customer(self: Task, order_id: str) -> None:
    """Mail the customer that the order has arrived."""
    with recorded(self, order_id):
        order = Order.objects.select_related("product").get(pk=order_id)
        send_mail(
            subject=f"Your order of {order.quantity} x {order.product.name}",
            message=f"Thank you. See {settings.SITE_URL}/orders/{order_id}/",
            from_email=None,
            recipient_list=[order.email],
        )


# One for each queue.
ORDER_TASKS = (
    confirm_order,
    back_up_order,
    price_order,
    report_orders,
    notify_customer,
)


@shared_task(**OPTIONS)
def refresh_gold_price(self: Task) -> None:
    """Refresh the gold price; forget the records of runs older than a day."""
    with recorded(self):
        gold.refresh()
        past = timezone.now() - timedelta(days=1)
        TaskRun.objects.filter(order=None, started_at__lt=past).delete()


@shared_task(**OPTIONS)
def busy(self: Task, seconds: float) -> None:
    """Keep one core busy for ``seconds``."""
    with recorded(self):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            sum(range(10_000))


@shared_task(**OPTIONS)
def rest(self: Task, seconds: float) -> None:
    """Wait for ``seconds``."""
    with recorded(self):
        time.sleep(seconds)
