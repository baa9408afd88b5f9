"""Apply many small changes to the code, and count how many of them a test or a linter detects.

    python -m tools.mutation_sample python --count 100 --seed 1
    python -m tools.mutation_sample manifests --count 50 --seed 1
    python -m tools.mutation_sample tasks --count 20 --seed 1

Each change is applied alone, in a copy of the repository. The checks run until one fails:

- python (plugins, and the Python files of roles): the tests that import the file, ruff, mypy, then the tests that import it indirectly;
- manifests (vars and templates of roles): yamllint, the snapshots of the rendered manifests, the tests of roles that name the role, then
  the other tests of manifests;
- tasks (tasks of roles): yamllint, ansible-lint, the snapshots, the playbooks with bad input. Errors that need a cluster stay undetected.

The kind of change is drawn before the change, so that frequent kinds do not dominate. Each line is changed at most once. An undetected
change may be equivalent to the original code, which a person has to judge. CI does not run this program: it takes an hour or two.
"""

from __future__ import annotations

import argparse
import collections
import fnmatch
import os
import random
import re
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

import yaml

from tools.collection_tree import ROOT, repository_files
from tools.mutation_sample import mutate_python, mutate_yaml
from tools.mutation_sample.change import Change

AREAS = {
    "python": ("plugins/*.py", "roles/*/files/*.py"),
    "manifests": ("roles/*/vars/*.yml", "roles/*/templates/*.j2"),
    "tasks": ("roles/*/tasks/*.yml",),
}
TESTS = "tests/unit"
SNAPSHOTS = f"{TESTS}/manifests/test_snapshots.py"
COLLECTION = Path(".ansible/collections/ansible_collections/jewelry_shop/platform")
# Seconds for a check. A check that takes longer hangs, which counts as detection.
TIMEOUT = 900

# Kinds of change that are often type errors, which mypy detects faster than the tests.
TYPED = ("returned value", "argument dropped", "arguments swapped", "exception dropped")

# Python files by which manifests are rendered.
RENDERING = (
    "plugins/filter/",
    "plugins/lookup/",
    *(f"plugins/module_utils/{name}/" for name in ("configuration", "manifests", "workloads")),
    "roles/",
)

# Roles without variables that end up in manifests.
NOT_RENDERED = ("post_deploy", "preflight", "remove", "report", "restart", "scale", "validate")

Command = tuple[str, ...]


def files(area: str) -> list[str]:
    """The files of an area, relative to the repository."""
    return [name for name in repository_files() if any(fnmatch.fnmatch(name, pattern) for pattern in AREAS[area])]


def sample(changes: Iterable[Change], count: int, seed: int) -> list[Change]:
    """Draw changes: first a kind, then one of its changes, each line at most once. Changes that do not parse are drawn again."""
    chance = random.Random(seed)  # noqa: S311 - no secret
    kinds: dict[str, list[Change]] = collections.defaultdict(list)
    for change in changes:
        kinds[change.kind].append(change)
    for each in kinds.values():
        chance.shuffle(each)
    drawn: dict[tuple[str, int], Change] = {}
    while len(drawn) < count and kinds:
        kind = chance.choice(sorted(kinds))
        change = kinds[kind].pop()
        if (change.path, change.line) not in drawn and _parses(change):
            drawn[change.path, change.line] = change
        if not kinds[kind]:
            del kinds[kind]
    return list(drawn.values())


def _parses(change: Change) -> bool:
    text = change.apply((ROOT / change.path).read_text())
    try:
        if change.path.endswith(".py"):
            compile(text, change.path, "exec")
        elif not change.path.endswith(".j2"):
            yaml.safe_load(text)
    except (SyntaxError, yaml.YAMLError):
        return False
    return True


def importers(name: str) -> tuple[list[str], list[str]]:
    """The test files that import or name a Python file of the collection, and those that do so indirectly."""
    sources = {each: (ROOT / each).read_text() for each in [*files("python"), *repository_files()] if each.endswith(".py")}
    tests = sorted(each for each in sources if fnmatch.fnmatch(each, f"{TESTS}/*/test_*.py") and "/local_cluster/" not in each)

    def direct(module: str) -> set[str]:
        path = Path(module)
        name = rf"(?<!\w){re.escape(path.stem)}(?!\w)"
        # Folders of module_utils contain files of the same name, such as run.py.
        shared = module.startswith("plugins/module_utils/")
        word = re.compile(rf"\.{path.parent.name}(?:\.| import (?:\([^)]*|[^\n(]*)){name}" if shared else name)
        return {each for each, text in sources.items() if each != module and word.search(text) and each.startswith(("plugins/", TESTS))}

    near = direct(name)
    far = {each for module in near if module.startswith("plugins/") for each in direct(module)} - near
    stem = Path(name).stem

    def order(test: str) -> tuple[bool, str]:
        return Path(test).stem != f"test_{stem}", test

    first = sorted((test for test in tests if test in near), key=order)
    return first, sorted((test for test in tests if test in far and "/plugins/" in test), key=order)


def pytest(*arguments: str) -> Command:
    """A command that stops at the first failed test."""
    return ("pytest", "-x", "-q", "-p", "no:cacheprovider", *arguments)


def checks(area: str, change: Change) -> Iterator[Command]:
    """Checks that might detect a change, the fastest first."""
    name = change.path
    if area == "python":
        first, further = importers(name)
        yield ("ruff", "check", "--quiet", name)
        types = ("mypy", "--cache-dir=.mypy_cache", str(COLLECTION / "plugins") if name.startswith("plugins/") else name)
        if change.kind in TYPED:
            yield types
        if first:
            yield pytest(*first)
        if change.kind not in TYPED:
            yield types
        if name.startswith(RENDERING):
            yield pytest(SNAPSHOTS)
        if further:
            yield pytest(*further)
        return
    if name.endswith(".yml"):
        yield ("yamllint", "--strict", name)
    if area == "tasks":
        yield ("ansible-lint", "--offline", name)
        yield pytest(SNAPSHOTS)
        yield pytest(f"{TESTS}/playbooks")
    elif area == "manifests":
        role = name.split("/")[1]
        if role not in NOT_RENDERED:
            yield pytest(SNAPSHOTS)
        if tests := [
            test for test in repository_files() if fnmatch.fnmatch(test, f"{TESTS}/roles/test_*.py") and role in (ROOT / test).read_text()
        ]:
            yield pytest(*tests)
        if role not in NOT_RENDERED:
            yield pytest(f"{TESTS}/manifests", f"--ignore={SNAPSHOTS}", f"--ignore={TESTS}/manifests/test_oldest_ansible.py")


def copy_to(target: Path) -> None:
    """Copy the files that git tracks or would add, so that the checkout stays unchanged."""
    for name in repository_files():
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, target / name, follow_symlinks=False)
    (target / COLLECTION.parent).mkdir(parents=True)
    (target / COLLECTION).symlink_to((ROOT / COLLECTION).readlink())
    for name in (".venv", ".cache"):
        (target / name).symlink_to((ROOT / name).resolve())
    # The checks write no compiled files, so without these each check would compile all packages again. Some packages do not compile.
    for name in (".venv", ".cache/oldest"):
        for packages in (ROOT / name).glob("lib/python*"):
            subprocess.run([ROOT / name / "bin" / "python", "-m", "compileall", "-q", "-q", "-j0", packages], check=False)
    # Tests list files with git.
    subprocess.run(["git", "init", "--quiet"], cwd=target, check=True)  # noqa: S607
    subprocess.run(["git", "add", "--all"], cwd=target, check=True)  # noqa: S607


def passes(command: Command, folder: Path, timeout: int) -> bool:
    """Whether a check succeeds within a number of seconds."""
    environment = {
        **os.environ,
        "PATH": f"{ROOT / '.venv' / 'bin'}:{os.environ['PATH']}",
        "PYTHONDONTWRITEBYTECODE": "1",  # two changes within a second would share one compiled file
        "TMPDIR": str(folder.parent / "t"),
    }
    with said(folder).open("w") as output:
        process = subprocess.Popen(
            command,
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        return process.wait(timeout) == 0
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        return False


def said(folder: Path) -> Path:
    """The file with the output of the last check in this copy."""
    return folder.parent / "said"


class Examiner:
    """Applies changes in a copy of the repository, and finds the check that detects each of them.

    Args:
        area: a key of AREAS.
        folder: the copy.
        timeout: seconds for a check.
    """

    def __init__(self, area: str, folder: Path, timeout: int) -> None:
        self._area = area
        self._folder = folder
        self._timeout = timeout
        self._sound: dict[Command, bool] = {}

    def noticed_by(self, change: Change) -> str | None:
        """The check that fails with the change and passes without it, or None."""
        path = self._folder / change.path
        text = path.read_text()
        for command in checks(self._area, change):
            path.write_text(change.apply(text))
            try:
                noticed = not passes(command, self._folder, self._timeout)
            finally:
                path.write_text(text)
            if noticed and self._is_sound(command):
                return " ".join(word for word in command if not word.startswith("-"))
        return None

    def _is_sound(self, command: Command) -> bool:
        if command not in self._sound:
            # Up to three attempts, for a busy machine.
            self._sound[command] = any(passes(command, self._folder, self._timeout) for _attempt in range(3))
            if not self._sound[command]:
                last = said(self._folder).read_text().splitlines()[-5:]
                print(f"LEFT OUT, since it fails without a change: {' '.join(command)}", *last, sep="\n  ", flush=True)
        return self._sound[command]


def main() -> None:
    """Draw, apply, check and count."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("area", choices=AREAS)
    parser.add_argument("--count", type=int, default=100, help="how many changes (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=1, help="another one draws another sample (default: %(default)s)")
    parser.add_argument("--only", default="*", metavar="PATTERN", help="only files like this, such as 'plugins/module_utils/health/*'")
    parser.add_argument("--skip", action="append", default=[], metavar="REGEX", help="leave out changes whose line of the list matches")
    parser.add_argument(
        "--timeout", type=int, default=TIMEOUT, help="seconds that a check may take, more on a busy machine (default: %(default)s)"
    )
    parser.add_argument("--list", action="store_true", help="show the sample, check nothing")
    arguments = parser.parse_args()

    find = mutate_python.changes if arguments.area == "python" else mutate_yaml.changes
    names = [name for name in files(arguments.area) if fnmatch.fnmatch(name, arguments.only)]
    found = [change for name in names for change in find(name, (ROOT / name).read_text())]
    found = [change for change in found if not any(re.search(pattern, str(change)) for pattern in arguments.skip)]
    drawn = sample(found, arguments.count, arguments.seed)
    print(f"{arguments.area}, seed {arguments.seed}: {len(drawn)} of {len(found)} changes in {len(names)} files", flush=True)
    if arguments.list:
        print("\n".join(map(str, sorted(drawn, key=str))))
        return

    survivors: list[Change] = []
    # A short path, because the path of Ansible's socket below it has at most 108 characters.
    with tempfile.TemporaryDirectory(prefix="ms-") as temporary:
        folder = Path(temporary, "platform")
        Path(temporary, "t").mkdir()
        copy_to(folder)
        examiner = Examiner(arguments.area, folder, arguments.timeout)
        for number, change in enumerate(drawn, 1):
            start = time.monotonic()
            check = examiner.noticed_by(change)
            if check is None:
                survivors.append(change)
            seconds = time.monotonic() - start
            print(
                f"{number} {'NOT NOTICED' if check is None else 'noticed'} {change} [{seconds:.0f} s{f', {check[:70]}' if check else ''}]",
                flush=True,
            )
    noticed = len(drawn) - len(survivors)
    print(f"\n{arguments.area}: {noticed} of {len(drawn)} noticed, {100 * noticed / max(1, len(drawn)):.0f} %")
    for change in survivors:
        print(f"  {change}")


if __name__ == "__main__":
    main()
