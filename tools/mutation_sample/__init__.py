"""How many small changes of the code do the tests notice? See `python -m tools.mutation_sample --help`."""
