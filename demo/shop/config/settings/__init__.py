"""Settings of production and of the tests."""
