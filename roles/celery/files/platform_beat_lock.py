"""Only one beat sends tasks, also while Kubernetes replaces its pod: after an eviction the new pod starts before the old one has ended.

The lock is a key in the Redis broker. With another broker there is no lock.
"""

import contextlib
import logging
import time

from platform_broker import connect
from platform_heartbeat import INTERVAL

KEY = "celery-beat-lock"
# A beat that was killed does not release its lock. The next beat starts after this time.
SECONDS = max(30.0, 4 * INTERVAL)
RETRY_SECONDS = 0.5

logger = logging.getLogger(__name__)


class Lock:
    """The lock of one beat.

    Args:
        app: the Celery application, whose broker keeps the lock.
        seconds: time after which the broker drops a lock that was not kept.
    """

    def __init__(self, app, seconds=SECONDS, sleep=time.sleep):
        self.app = app
        self.seconds = seconds
        self.sleep = sleep
        self.lock = None
        # The broker cannot keep locks, so this beat works without one.
        self.unavailable = False
        # Why the last attempt failed, if it was not for another beat.
        self.problem = ""

    def acquire(self):
        """Wait until no other beat has the lock."""
        told = ""
        while not self._try() and not self.unavailable:
            reason = self.problem or f"another beat is still running, or was killed less than {self.seconds:.0f} s ago"
            if reason != told:
                logger.warning("Beat waits: %s.", reason)
                told = reason
            self.sleep(RETRY_SECONDS)

    def keep(self):
        """Renew the lock. Raises SystemExit if another beat has it, so that the pod starts again and waits for its turn."""
        if self.unavailable:
            return
        from redis.exceptions import LockError, RedisError

        try:
            self.lock.reacquire()
        except LockError:
            # The broker lost it, or it expired while the scheduler waited for the database.
            if not self._try() and not self.unavailable:
                logger.error("Another beat has taken over. This one ends.")
                raise SystemExit(1) from None
        except RedisError as error:
            # Without the broker no beat sends tasks.
            logger.warning("The lock of beat cannot be renewed: %s", type(error).__name__)

    def release(self):
        """Let the next beat start. Does nothing if this beat does not have the lock."""
        if self.lock is None or self.unavailable:
            return
        from redis.exceptions import LockError, RedisError

        with contextlib.suppress(LockError, RedisError):
            self.lock.release()

    def _try(self):
        """Return whether this beat has the lock now."""
        try:
            if self.lock is None:
                broker = connect(self.app)
                if broker is None:
                    self.unavailable = True
                    return False
                # A scheduler may be closed by another thread than the one that ticks.
                self.lock = broker.client.lock(broker.prefix + KEY, timeout=self.seconds, thread_local=False)
            self.problem = ""
            return self.lock.acquire(blocking=False)
        except Exception as error:  # noqa: BLE001 - of kombu, Redis and the network
            self._failed(error)
            return False

    def _failed(self, error):
        from redis.exceptions import NoPermissionError

        if isinstance(error, NoPermissionError) or str(error).lower().startswith("unknown command"):
            # Such as of a user who may not use this key.
            logger.warning("Beat runs without a lock, because the broker refuses it: %s", " ".join(str(error).split())[:200])
            self.unavailable = True
        self.problem = f"the broker does not answer ({type(error).__name__})"
