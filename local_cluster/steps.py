"""A list of steps. A step whose result exists is skipped."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Step:
    """One thing to make.

    Attributes:
        title: Name of the result.
        done: Returns whether the result exists and has the current inputs.
        make: Creates the result. After an interruption it can be called again.
    """

    title: str
    done: Callable[[], bool]
    make: Callable[[], None]


def run_steps(steps: Sequence[Step]) -> None:
    """Run the missing steps in order, and show the progress and the time of each in seconds."""
    for number, step in enumerate(steps, start=1):
        label = f"[{number}/{len(steps)}] {step.title}"
        if step.done():
            print(f"{label}: exists", flush=True)
            continue
        print(f"{label} ...", flush=True)
        started = time.monotonic()
        step.make()
        print(f"{label}: done in {time.monotonic() - started:.0f} s", flush=True)
