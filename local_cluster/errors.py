"""The one error type of the package."""


class LocalClusterError(Exception):
    """A failure that is told to the user in words, without a traceback."""
