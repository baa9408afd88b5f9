"""The one error type of the package."""


class LocalClusterError(Exception):
    """A failure that is shown to the user as a message, without a traceback."""
