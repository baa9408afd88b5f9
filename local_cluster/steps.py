"""A list of steps, each done once: what is there already is not built again."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Step:
    """One thing to make.

    Attributes:
        title: What is made, in a few words.
        done: Tells whether it is there, made of the very same inputs.
        make: Makes it; after an interruption it may be called again.
    """

    title: str
    done: Callable[[], bool]
    make: Callable[[], None]


def run_steps(steps: Sequence[Step]) -> None:
    """Make what is missing, in order, and show each step, how far it is, and its time in seconds."""
    for number, step in enumerate(steps, start=1):
        label = f"[{number}/{len(steps)}] {step.title}"
        if step.done():
            print(f"{label}: there", flush=True)
            continue
        print(f"{label} ...", flush=True)
        started = time.monotonic()
        step.make()
        print(f"{label}: done in {time.monotonic() - started:.0f} s", flush=True)
