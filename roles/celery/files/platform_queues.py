"""How long tasks wait in the queues of a Redis broker, for beat's metrics: looked at from a thread, told from memory.

Messages carry no time of their own. The age of a queue is how long the very same message has been seen at its head, the next to be taken:
never more than it has waited, and 0 after a restart of beat.
"""

import contextlib
import hashlib
import logging
import threading
import time

from platform_broker import connect
from platform_heartbeat import prometheus_client
from platform_unserved import Unserved, names_of

NAMES = names_of("PLATFORM_QUEUES")
INTERVAL = 10.0
# Seconds after which the last values are no longer reported.
STALE = 60.0

logger = logging.getLogger(__name__)


class Queues:
    """The queues as they were when last looked at."""

    def __init__(self, app, names, clock=time.monotonic):
        self.app = app
        self.names = names
        self.clock = clock
        self.unserved = Unserved([*names, *names_of("PLATFORM_QUEUES_OF_OTHER_WORKERS")], clock)
        self.connection = None
        self.client = None
        self.channel = None
        # By key of a sub-queue, a digest of the message at its head and since when it is there.
        self.heads = {}
        # When they were looked at, and length and age by name.
        self.seen = (0.0, {})

    def start(self):
        if prometheus_client is not None:
            prometheus_client.REGISTRY.register(self)
            prometheus_client.REGISTRY.register(self.unserved)
        threading.Thread(target=self._watch, name="queues", daemon=True).start()

    def _watch(self):
        failing = False
        while True:
            try:
                if not self.look():
                    self.unserved.ignore()
                    return
                self.unserved.look(self.client, self.channel)
                failing = False
            except Exception as error:  # noqa: BLE001 - of libraries that this file does not know
                if not failing:
                    logger.warning("Lengths and ages of the queues cannot be read: %s", type(error).__name__)
                failing = True
                self.forget()
            time.sleep(INTERVAL)

    def look(self):
        """Ask the broker once, in one request; False where it is not Redis."""
        if self.client is None and not self._connect():
            return False
        # A message's priority chooses one of several lists; messages are pushed left and popped right.
        keys = {self._key(name, step): name for name in self.names for step in self.channel.priority_steps}
        with self.client.pipeline(transaction=False) as pipe:
            for key in keys:
                pipe.llen(key)
                pipe.lindex(key, -1)
            answers = iter(pipe.execute())
        now = self.clock()
        queues = dict.fromkeys(self.names, (0, 0.0))
        for key, name in keys.items():
            length, age = next(answers), self._age(key, next(answers), now)
            queues[name] = (queues[name][0] + length, max(queues[name][1], age))
        self.seen = (now, queues)
        return True

    def _connect(self):
        broker = connect(self.app)
        if broker is None:
            return False
        self.connection, self.channel, self.client = broker.connection, broker.channel, broker.client
        return True

    def _key(self, name, step):
        return (getattr(self.channel, "global_keyprefix", "") or "") + self.channel._q_for_pri(name, step)

    def _age(self, key, message, now):
        if message is None:
            self.heads.pop(key, None)
            return 0.0
        digest = hashlib.sha256(message).digest()
        if key not in self.heads or self.heads[key][0] != digest:
            self.heads[key] = (digest, now)
        return now - self.heads[key][1]

    def forget(self):
        """Discard the connection and the values. Keep the messages, because a message keeps its age during an outage."""
        connection, self.connection, self.channel, self.client = self.connection, None, None, None
        self.seen = (0.0, {})
        self.unserved.forget()
        if connection is not None:
            with contextlib.suppress(Exception):  # it may be broken in any way
                connection.release()

    def collect(self):
        """Return the last values. Sends no request, so a scrape never waits for the broker."""
        at, queues = self.seen
        metrics = prometheus_client.metrics_core
        length = metrics.GaugeMetricFamily("celery_queue_length", "Tasks that wait in the queue.", labels=["queue"])
        age = metrics.GaugeMetricFamily(
            "celery_queue_oldest_task_seconds", "Minimum time in seconds that the first task has waited.", labels=["queue"]
        )
        if queues and self.clock() - at < STALE:
            for name, (tasks, seconds) in queues.items():
                length.add_metric([name], tasks)
                age.add_metric([name], seconds)
            yield length
            yield age
