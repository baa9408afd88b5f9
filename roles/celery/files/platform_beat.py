"""Scheduler for `celery beat --scheduler platform_beat:Scheduler`: the configured one, with a heartbeat on every tick."""

import os

from kombu.utils.imports import symbol_by_name
from platform_heartbeat import INTERVAL, Heartbeat, prometheus_client
from platform_queues import NAMES, Queues

Base = symbol_by_name(os.environ.get("PLATFORM_BEAT_SCHEDULER", "django_celery_beat.schedulers:DatabaseScheduler"))


class Scheduler(Base):
    def __init__(self, *arguments, **options):
        # Celery makes a second, lazy instance only to print its banner; nothing may start there.
        self.heartbeat = None
        super().__init__(*arguments, **options)

    def tick(self, *arguments, **options):
        if self.heartbeat is None:
            self.heartbeat = Heartbeat()
            self.heartbeat.start()
            if prometheus_client is not None:
                prometheus_client.REGISTRY.register(BeatCollector(self.heartbeat))
            Queues(self.app, NAMES).start()
        until_next = super().tick(*arguments, **options)
        self.heartbeat.beat()
        # Beat sleeps for as long, and Celery's own schedulers up to five minutes: it would not be ready meanwhile.
        return min(until_next, INTERVAL)


class BeatCollector:
    """Read when scraped."""

    def __init__(self, heartbeat):
        self.heartbeat = heartbeat

    def collect(self):
        age = self.heartbeat.age()
        if age is not None:
            yield prometheus_client.metrics_core.GaugeMetricFamily(
                "celery_beat_tick_age_seconds", "Since the last tick of the scheduler.", age
            )
