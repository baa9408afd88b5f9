"""Queues that get tasks and that no worker serves, for beat's metrics and for validation.

A queue counts while it holds tasks, or while an entry of beat's schedule sends tasks to it. Which queues have a worker is a setting:
workers answer a broadcast too unreliably to judge by it (decision 25).
"""

import contextlib
import itertools
import logging
import math
import os
import re
import threading
import time

from platform_heartbeat import prometheus_client


def names_of(variable):
    """The names in an environment variable, separated by commas."""
    return [name for name in os.environ.get(variable, "").split(",") if name]


# Bounds of one look: requests for keys, keys of a request, and names of any other kind.
SCANS = 100
KEYS = 1000
NAMES = 1000
# More series than this would be a burden for Prometheus.
REPORTED = 100
# Older than this, what was seen is not reported any more.
STALE = 60.0
# Kombu and Celery use these exchanges and queues for answers, events, remote control and tasks for one worker.
INTERNAL = re.compile(r"(^|\.)pidbox$|^celeryev($|\.)|^C\.dq2$|\.dq2$")

logger = logging.getLogger(__name__)


def scheduled_queues(app, schedule):
    """By name of a queue to which a schedule sends tasks, the name of one entry that does."""
    queues = {}
    for name, entry in itertools.islice(schedule.items(), NAMES):
        with contextlib.suppress(Exception):  # of the application's routers; beat logs it when it sends the task
            queue = _queue_of(app, entry)
            if queue:
                queues.setdefault(queue, name)
    return queues


def _queue_of(app, entry):
    """The queue that Celery would choose; None where the bindings of the broker decide."""
    task = app.tasks.get(entry.task)
    options = dict(entry.options or {})
    if options.get("exchange") or options.get("routing_key"):
        return None
    options.setdefault("queue", getattr(task, "queue", None))
    queue = app.amqp.router.route(options, entry.task, entry.args, entry.kwargs, task).get("queue")
    # A broadcast has a queue for each worker.
    fanout = getattr(getattr(queue, "exchange", None), "type", "direct") == "fanout"
    return None if fanout else getattr(queue, "name", queue)


class Unserved:
    """The queues without a worker as they were when last looked at."""

    def __init__(self, served, clock=time.monotonic):
        self.served = frozenset(served)
        self.clock = clock
        # By name of a queue, an entry of the schedule; None before it was read.
        self.scheduled = None
        self.cursor = 0
        # Exchanges that the last complete pass over the keys found, and those of the pass under way.
        self.exchanges = frozenset()
        self.passing = set()
        self.passed = False
        self.schedule_problem = ""
        self.broker_problem = ""
        # When they were looked at, and length and entry of the schedule by name.
        self.seen = None
        self.lock = threading.Lock()

    def read_schedule(self, app, read):
        """Remember where a schedule sends tasks; called by the thread that owns the schedule."""
        problem = ""
        try:
            self.scheduled = scheduled_queues(app, read())
        except Exception as error:  # noqa: BLE001 - of a scheduler that this file does not know; beat goes on
            self.scheduled = self.scheduled or {}
            problem = f"The schedule cannot be read: {type(error).__name__}"
        if problem and problem != self.schedule_problem:
            logger.warning("%s", problem)
        self.schedule_problem = problem

    def look(self, client, channel):
        """Ask the broker once: which queues there are, then how many tasks those without a worker hold."""
        problem, found = "", set()
        try:
            self._scan(client, channel)
            found = self._bound(client, channel)
        except _response_error() as error:
            # Such as of a user that may not list keys; the schedule counts nevertheless.
            problem = f"The queues of the broker cannot be listed: {' '.join(str(error).split())[:200]}"
            self.passed = True
        if problem and problem != self.broker_problem:
            logger.warning("%s", problem)
        scheduled = self.scheduled
        sends = scheduled or {}
        names = sorted({*sends, *found} - self.served)[:NAMES]
        lengths = self._lengths(client, channel, names)
        known = {name: (length, sends.get(name, "")) for name, length in lengths.items() if length or name in sends}
        with self.lock:
            self.broker_problem = problem
            if scheduled is not None and self.passed:
                self.seen = (self.clock(), dict(itertools.islice(known.items(), REPORTED)))

    def _scan(self, client, channel):
        """Go on with the pass over the keys: a large database takes several looks."""
        prefix = _prefix(channel) + channel.keyprefix_queue % ""
        pattern = re.sub(r"([\\*?\[\]])", r"\\\1", prefix) + "*"
        for _round in range(SCANS):
            self.cursor, keys = client.scan(self.cursor, match=pattern, count=KEYS)
            self.passing.update(_text(key)[len(prefix) :] for key in keys)
            if not self.cursor:
                self.exchanges, self.passing, self.passed = frozenset(self.passing), set(), True
                return

    def _bound(self, client, channel):
        """Names of the queues that are bound to the exchanges."""
        exchanges = sorted(name for name in {*self.exchanges, *self.passing} if not INTERNAL.search(name))[:NAMES]
        with client.pipeline(transaction=False) as pipe:
            for exchange in exchanges:
                pipe.smembers(_prefix(channel) + channel.keyprefix_queue % exchange)
            members = itertools.chain.from_iterable(pipe.execute())
        names = (_text(member).rsplit(channel.sep, 1)[-1] for member in members)
        return {name for name in names if name and not INTERNAL.search(name)}

    @staticmethod
    def _lengths(client, channel, names):
        lengths = dict.fromkeys(names, 0)
        # A message's priority chooses one of several lists.
        keys = [(name, _prefix(channel) + channel._q_for_pri(name, step)) for name in names for step in channel.priority_steps]
        with client.pipeline(transaction=False) as pipe:
            for _name, key in keys:
                pipe.llen(key)
            answers = iter(pipe.execute(raise_on_error=False))
        for name, _key in keys:
            length = next(answers)
            # A key of the application's own may have the name of a queue, and another type.
            lengths[name] += length if isinstance(length, int) else 0
        return lengths

    def forget(self):
        """Forget the figures, of a broker that does not answer."""
        with self.lock:
            self.seen = None

    def ignore(self):
        """The broker is of a kind whose queues are not read."""
        with self.lock:
            self.seen = (math.inf, {})

    def current(self):
        """What was seen, or None if that is too long ago."""
        with self.lock:
            return self.seen[1] if self.seen and self.clock() - self.seen[0] < STALE else None

    def answer(self):
        """Status and body of the answer to validation; asks nobody."""
        known = self.current()
        if known is None:
            return 503, {"unserved": None, "problem": "beat has not read the schedule and the queues of the broker yet"}
        queues = [{"queue": name, "length": length, "entry": entry} for name, (length, entry) in known.items()]
        return 200, {"unserved": queues, "problem": "; ".join(filter(None, [self.schedule_problem, self.broker_problem]))}

    def collect(self):
        """The metric, from memory."""
        known = self.current()
        if known is not None:
            length = prometheus_client.metrics_core.GaugeMetricFamily(
                "celery_unserved_queue_length",
                "Tasks in a queue that no worker serves. 0 if the schedule sends tasks to the queue and it is empty.",
                labels=["queue"],
            )
            for name, (tasks, _entry) in known.items():
                length.add_metric([name], tasks)
            yield length


def _response_error():
    from redis.exceptions import ResponseError

    return ResponseError


def _prefix(channel):
    return getattr(channel, "global_keyprefix", "") or ""


def _text(value):
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else value
