"""Bring up a kind cluster, with or without a container registry to pull from."""
