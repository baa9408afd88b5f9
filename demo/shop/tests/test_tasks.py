"""Tasks: where they are routed, what they leave behind."""

import io
import json

import pytest
from config.celery import app
from django.core.management import call_command
from django_celery_beat.models import PeriodicTask, PeriodicTasks
from shop.models import Order, Product, TaskRun
from shop.tasks import back_up_order, busy, refresh_gold_price


@pytest.mark.parametrize(
    ("task", "queue"),
    [
        ("confirm_order", "celery"),
        ("back_up_order", "backups"),
        ("price_order", "pricing"),
        ("refresh_gold_price", "pricing"),
        ("report_orders", "reports"),
        ("notify_customer", "notifications"),
        ("busy", "celery"),
        ("rest", "celery"),
    ],
)
def test_queue_of_a_task(task: str, queue: str) -> None:
    route = app.amqp.router.route({}, f"shop.tasks.{task}")
    assert route["queue"].name == queue
    assert route["queue"].routing_key == queue


def test_tasks_are_acknowledged_late() -> None:
    assert busy.acks_late
    assert busy.reject_on_worker_lost
    assert app.conf.worker_prefetch_multiplier == 1


@pytest.mark.django_db
def test_redelivered_task_counts_an_attempt_more() -> None:
    order = Order.objects.create(product=Product.objects.first(), email="a@example.test")
    for _ in range(2):
        back_up_order.apply((str(order.pk),), task_id="delivered-twice")
    run = TaskRun.objects.get()
    assert (run.task_id, run.attempts) == ("delivered-twice", 2)
    assert run.finished_at > run.started_at


@pytest.mark.django_db
def test_failed_task_is_not_finished(monkeypatch: pytest.MonkeyPatch) -> None:
    order = Order.objects.create(product=Product.objects.first(), email="a@example.test")
    monkeypatch.setattr("shop.tasks.json.dumps", lambda content: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        back_up_order.apply((str(order.pk),))
    assert TaskRun.objects.get().finished_at is None


@pytest.mark.django_db
def test_schedule_comes_with_the_migrations() -> None:
    task = PeriodicTask.objects.get(task="shop.tasks.refresh_gold_price")
    assert task.enabled
    assert (task.interval.every, task.interval.period) == (10, "seconds")
    assert PeriodicTasks.last_change() is not None


@pytest.mark.django_db
def test_periodic_run_is_recorded() -> None:
    refresh_gold_price.apply()
    assert TaskRun.last_periodic_run() is not None


@pytest.mark.django_db
def test_busy_tasks_are_queued_and_reported_by_commands() -> None:
    queued, reported = io.StringIO(), io.StringIO()
    call_command("queue_busy", "0", "--count=2", "--queue=reports", stdout=queued)
    ids = json.loads(queued.getvalue())
    call_command("task_runs", *ids, stdout=reported)
    runs = json.loads(reported.getvalue())
    assert [run["task_id"] for run in runs] == ids
    assert all(run["finished_at"] for run in runs)
