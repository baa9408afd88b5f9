"""A client for the Redis broker of an application."""

TIMEOUT = 5.0


class Broker:
    """A connection of kombu with its channel, and a Redis client on the same pool.

    kombu's own client puts its prefix before the keys of those commands alone that kombu uses.
    """

    def __init__(self, app):
        from redis import Redis

        self.connection = app.connection_for_read()
        self.connection.transport_options = {
            **(self.connection.transport_options or {}),
            "socket_timeout": TIMEOUT,
            "socket_connect_timeout": TIMEOUT,
        }
        self.channel = self.connection.channel()
        self.client = Redis(connection_pool=self.channel.pool)
        self.prefix = getattr(self.channel, "global_keyprefix", "") or ""


def connect(app):
    """Connect to the broker. Returns None if it is not Redis."""
    return Broker(app) if app.connection_for_read().transport.driver_type == "redis" else None
