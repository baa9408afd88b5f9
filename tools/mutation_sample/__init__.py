"""Measures how many small changes of the code the tests detect. See `python -m tools.mutation_sample --help`."""
