"""Send a task of Celery's own through each queue and wait for its result; arguments: CELERY_APPLICATION SECONDS QUEUE...

Prints one line: MARK, then JSON with the problem of each queue. The problem is empty if the task returned. Other lines come from the
application and are not part of the result. Removes its tasks and results.
"""

import contextlib
import json
import os
import sys
import time

from celery import exceptions
from celery.app.utils import find_app

MARK = "platform-round-trip: "
# A worker discards an older task. Longer than the wait, because clocks differ.
EXPIRES = 60.0
# Number of list entries to search for a task. Only newer tasks are in front of it.
MESSAGES = 100_000
# Maximum length of an error, longer than the report shows.
LONGEST = 4000
PART = 1000


def round_trip(celery, seconds, queues):
    """By queue, what is wrong; empty where the task came back."""
    deadline = time.monotonic() + seconds
    sent, problems = {}, dict.fromkeys(queues, "")
    for queue in queues:
        try:
            # Nothing is declared, so that the check does not create a queue.
            sent[queue] = celery.send_task("celery.accumulate", args=[queue], queue=queue, expires=seconds + EXPIRES, declare=[])
        except Exception as error:  # noqa: BLE001 - of libraries that this file does not know
            problems[queue] = f"the test task cannot be sent: {words(error)}"
    for queue, result in sent.items():
        try:
            # Celery waits forever for 0 seconds.
            result.get(timeout=max(0.1, deadline - time.monotonic()))
        except exceptions.TimeoutError:
            problems[queue] = f"the result of the test task did not return within {seconds:g} s"
        except Exception as error:  # noqa: BLE001
            problems[queue] = f"the result of the test task did not return: {words(error)}"
        if problems[queue]:
            problems[queue] += clean_up(celery, queue, result.id)
        with contextlib.suppress(Exception):  # a backend may have no way to forget, and expires results itself
            result.forget()
    return problems


def clean_up(celery, queue, task):
    """Take the task out of its queue again and say where it was."""
    try:
        found = take_out(celery, queue, task)
    except Exception as error:  # noqa: BLE001
        return f"; whether it is still in the queue is unknown: {words(error)}"
    if found is None:
        return ""
    return "; no worker took it, and it was removed from the queue" if found else "; it is no longer in the queue"


def take_out(celery, queue, task):
    """Remove exactly this message from a queue in Redis: whether it was there, or None with another broker, where it expires."""
    with celery.connection_for_write() as connection:
        if connection.transport.driver_type != "redis":
            return None
        from redis import Redis

        channel = connection.default_channel
        client = Redis(connection_pool=channel.pool)
        prefix = getattr(channel, "global_keyprefix", "") or ""
        # The priority of a message selects one of several lists. New messages are pushed to the left.
        for step in channel.priority_steps:
            key = prefix + channel._q_for_pri(queue, step)
            for start in range(0, MESSAGES, PART):
                messages = client.lrange(key, start, start + PART - 1)
                for message in messages:
                    if task.encode() in message:
                        return bool(client.lrem(key, 1, message))
                if len(messages) < PART:
                    break
    return False


def words(error):
    """An error in one line. The controller shortens it further, after it has hidden the secrets in it."""
    return f"{type(error).__name__}: {' '.join(str(error).split())}"[:LONGEST]


def main(application, seconds, *queues):
    answer = json.dumps(round_trip(find_app(application), float(seconds), queues))
    # The application may have replaced sys.stdout, and may have printed a line without a line break.
    sys.stdout.flush()
    os.write(1, f"\n{MARK}{answer}\n".encode())


if __name__ == "__main__":
    main(*sys.argv[1:])
