"""Scheduler for `celery beat --scheduler platform_beat:Scheduler`: the configured one, with a heartbeat on every tick."""

import os
import time

from kombu.utils.imports import symbol_by_name
from platform_beat_lock import RETRY_SECONDS, Lock
from platform_heartbeat import INTERVAL, Heartbeat, prometheus_client
from platform_queues import INTERVAL as QUEUES_INTERVAL
from platform_queues import NAMES, Queues

Base = symbol_by_name(os.environ.get("PLATFORM_BEAT_SCHEDULER", "django_celery_beat.schedulers:DatabaseScheduler"))


class Scheduler(Base):
    def __init__(self, *arguments, **options):
        # Celery makes a second, lazy instance only to print its banner; nothing may start there.
        self.lock = None
        self.heartbeat = None
        self.server = None
        self.queues = None
        self.schedule_read_at = None
        super().__init__(*arguments, **options)

    def tick(self, *arguments, **options):
        if self.heartbeat is None:
            self._start()
        if not self.lock.hold():
            # Alive, and not ready. What becomes due meanwhile is sent afterwards.
            self.heartbeat.pause()
            return RETRY_SECONDS
        until_next = super().tick(*arguments, **options)
        self.heartbeat.beat()
        # Here, since the schedule belongs to this thread.
        if self.schedule_read_at is None or time.monotonic() - self.schedule_read_at >= QUEUES_INTERVAL:
            first, self.schedule_read_at = self.schedule_read_at is None, time.monotonic()
            self.queues.unserved.read_schedule(self.app, lambda: self.schedule)
            if first:
                self.queues.start()
        # Beat sleeps for as long, and Celery's own schedulers up to five minutes: it would not be ready meanwhile.
        return min(until_next, INTERVAL)

    def _start(self):
        # Before the lock is taken: the probes need an answer while this beat waits.
        self.lock = Lock(self.app)
        self.heartbeat = Heartbeat()
        self.queues = Queues(self.app, NAMES)
        self.heartbeat.pages["/queues"] = self.queues.unserved.answer
        self.server = self.heartbeat.start()
        if prometheus_client is not None:
            prometheus_client.REGISTRY.register(BeatCollector(self.heartbeat))

    def close(self):
        # At SIGTERM, and again at the end of the process, which does not tick any more.
        try:
            super().close()
        finally:
            server, self.server = self.server, None
            if server is not None:
                server.shutdown()
                server.server_close()
            if self.lock is not None:
                self.lock.release()


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
