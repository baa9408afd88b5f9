import sys

from celery import exceptions
from celery.app.utils import find_app

application, timeout, *queues = sys.argv[1:]
celery = find_app(application)
sent = {queue: celery.send_task("celery.accumulate", args=[queue], queue=queue) for queue in queues}
for queue, result in sent.items():
    try:
        result.get(timeout=float(timeout))
    except exceptions.TimeoutError:
        sys.exit(f"a task sent through queue {queue} did not come back in {timeout} s")
print("a task came back through " + ", ".join(queues))
