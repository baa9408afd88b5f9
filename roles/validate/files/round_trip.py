import sys
from celery.app.utils import find_app
application, timeout, *queues = sys.argv[1:]
celery = find_app(application)
sent = {queue: celery.send_task("celery.accumulate", args=[queue], queue=queue) for queue in queues}
for queue, result in sent.items():
    result.get(timeout=float(timeout))
print("a task came back through " + ", ".join(queues))
