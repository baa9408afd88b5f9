"""Taken by a Celery worker with --include: heartbeat of its consumer, and metrics of what it has done."""

from celery import bootsteps, signals
from celery.concurrency import solo
from celery.worker import state
from celery.worker.consumer.connection import Connection
from platform_heartbeat import INTERVAL, Heartbeat, prometheus_client

heartbeat = Heartbeat()


class ConsumerHeartbeat(bootsteps.StartStopStep):
    """Runs with the consumer: it stops when the broker is lost and starts again after reconnecting."""

    requires = (Connection,)

    def start(self, consumer):
        if isinstance(consumer.pool, solo.TaskPool):
            # This pool runs tasks in the consumer, which cannot beat meanwhile. As with the other pools, a task has no time limit here.
            heartbeat.busy = lambda: bool(state.active_requests)
        heartbeat.beat()
        self.timer = consumer.timer.call_repeatedly(INTERVAL, heartbeat.beat)

    def stop(self, consumer):
        heartbeat.pause()
        timer = getattr(self, "timer", None)
        if timer is not None:
            timer.cancel()

    shutdown = stop


class WorkerCollector:
    """Read when scraped, from the counters that the worker keeps anyway."""

    def collect(self):
        metrics = prometheus_client.metrics_core
        tasks = metrics.CounterMetricFamily("celery_worker_tasks", "Tasks accepted.", labels=["task"])
        for name, count in state.total_count.items():
            tasks.add_metric([name], count)
        yield tasks
        yield metrics.GaugeMetricFamily("celery_worker_tasks_active", "Tasks running now.", len(state.active_requests))
        yield metrics.GaugeMetricFamily("celery_worker_tasks_reserved", "Tasks taken from the queue.", len(state.reserved_requests))
        age = heartbeat.age()
        if age is not None:
            yield metrics.GaugeMetricFamily("celery_worker_heartbeat_age_seconds", "Seconds since the last heartbeat.", age)


@signals.worker_init.connect
def add_heartbeat(sender, **_):
    sender.app.steps["consumer"].add(ConsumerHeartbeat)
    if prometheus_client is not None:
        prometheus_client.REGISTRY.register(WorkerCollector())
    heartbeat.start()
