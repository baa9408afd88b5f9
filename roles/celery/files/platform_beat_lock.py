"""Only one beat sends tasks, also while Kubernetes replaces its pod: after an eviction the new pod starts before the old one has ended.

The lock is a key in the Redis broker. With another broker there is no lock.
"""

import contextlib
import logging

from platform_broker import connect
from platform_heartbeat import INTERVAL

KEY = "celery-beat-lock"
# A beat that was killed does not release its lock. The next beat starts after this time.
SECONDS = max(30.0, 4 * INTERVAL)
# Seconds until a beat that may not send tasks tries again.
RETRY_SECONDS = 0.5

logger = logging.getLogger(__name__)


class Lock:
    """The lock of one beat.

    Args:
        app: the Celery application, whose broker keeps the lock.
        seconds: time after which the broker drops a lock that was not renewed.
    """

    def __init__(self, app, seconds=SECONDS):
        self.app = app
        self.seconds = seconds
        self.lock = None
        # Whether this beat took the lock. An outage of the broker does not change it.
        self.taken = False
        # The broker cannot keep locks, so this beat works without one.
        self.unavailable = False
        # The last message about a wait.
        self.told = ""

    def hold(self):
        """Take the lock or renew it, without waiting. Returns whether this beat may send tasks.

        Raises SystemExit if another beat has taken over, so that this one starts again and reads the schedule when its turn comes.
        """
        if self.unavailable:
            return True
        try:
            held = self._take()
        except Exception as error:  # noqa: BLE001 - of kombu, Redis and the network
            return self._failed(error)
        if self.taken and not held:
            logger.error("Another beat has taken over. This one ends.")
            raise SystemExit(1)
        if not held:
            self._tell(logging.WARNING, f"Beat waits: another beat is still running, or was killed less than {self.seconds:.0f} s ago.")
        elif self.told:
            self.told = ""
            logger.info("Beat has the lock and sends tasks.")
        self.taken = held
        return held

    def release(self):
        """Let the next beat start. Does nothing if this beat does not have the lock."""
        if self.lock is None or self.unavailable:
            return
        from redis.exceptions import LockError, RedisError

        with contextlib.suppress(LockError, RedisError):
            self.lock.release()

    def _take(self):
        """Return whether this beat has the lock now."""
        if self.lock is None:
            broker = connect(self.app)
            if broker is None:
                self.unavailable = True
                return True
            # A scheduler may be closed by another thread than the one that ticks.
            self.lock = broker.client.lock(broker.prefix + KEY, timeout=self.seconds, thread_local=False)
        if self.taken:
            from redis.exceptions import LockError

            # The broker may have lost it, or it expired while the scheduler waited for the database.
            with contextlib.suppress(LockError):
                self.lock.reacquire()
                return True
        return self.lock.acquire(blocking=False)

    def _failed(self, error):
        """Return whether this beat may send tasks although the broker rejected the request."""
        from redis.exceptions import NoPermissionError

        if isinstance(error, NoPermissionError) or str(error).lower().startswith("unknown command"):
            # Such as of a user who may not use this key.
            logger.warning("Beat runs without a lock, because the broker refuses it: %s", " ".join(str(error).split())[:200])
            self.unavailable = True
            return True
        # The validation reports lines of this level.
        self._tell(logging.ERROR, f"Beat sends no tasks: the broker is unavailable ({type(error).__name__}).")
        return False

    def _tell(self, level, message):
        if message != self.told:
            logger.log(level, "%s", message)
            self.told = message
