# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The folder of an export: what would change in it, and writing that (private to the collection)."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from ansible_collections.jewelry_shop.platform.plugins.module_utils.cluster.errors import PlatformError

# Lists the files of the export, so that the next export removes only these.
INDEX = ".export"
_INDEX_HEADER = "# The files that playbooks/export.yml wrote. The next export removes those that no longer belong to it.\n"
_MOST_NAMES = 3
# Strings that YAML 1.1, PyYAML or the parsers of Go read as something else: numbers such as 12e4, and y or n.
_AMBIGUOUS = re.compile(r"[-+.0-9].*|[yYnN]", re.DOTALL)


@dataclass(frozen=True)
class Change:
    """A file that differs.

    Args:
        path: its path in the folder.
        before: its content; None if it does not exist.
        after: its future content; None if it is removed.
    """

    path: str
    before: str | None
    after: str | None


def as_yaml(document: Any) -> str:
    """A document as YAML, always with the same bytes.

    Args:
        document: mappings, lists, strings, numbers, booleans and null.
    """
    # Imported here, as Ansible's import sanity test requires.
    import yaml

    class Dumper(yaml.SafeDumper):
        """Writes blocks of several lines as they are, and quotes what parsers read in different ways."""

        def ignore_aliases(self, _data: Any) -> bool:
            return True

    def string(dumper: Any, value: str) -> Any:
        style = "|" if "\n" in value else "'" if _AMBIGUOUS.fullmatch(value) else None
        return dumper.represent_scalar("tag:yaml.org,2002:str", value, style=style)

    Dumper.add_representer(str, string)
    text: str = yaml.dump(document, Dumper=Dumper, allow_unicode=True, sort_keys=True, width=1_000_000)
    return text


def read_index(directory: Path) -> set[str]:
    """The paths that an earlier export wrote, as far as they are in the folder.

    Args:
        directory: the folder.
    """
    text = _read(directory / INDEX) or ""
    lines = {line for line in text.splitlines() if line and not line.startswith("#")}
    return {line for line in lines if not PurePosixPath(line).is_absolute() and ".." not in PurePosixPath(line).parts}


def changes(directory: Path, files: Mapping[str, str]) -> list[Change]:
    """How the folder differs from the export.

    Args:
        directory: the folder. It may be missing.
        files: the content of each file by its path in the folder.

    Raises:
        PlatformError: a file cannot be read, or another program wrote it.
    """
    written = read_index(directory)
    index = _INDEX_HEADER + "".join(f"{path}\n" for path in sorted(files))
    found: list[Change] = []
    foreign: list[str] = []
    for path, after in {INDEX: index, **files}.items():
        before = _read(directory / path)
        if before == after:
            continue
        if before is not None and path != INDEX and path not in written:
            foreign.append(path)
        found.append(Change(path, before, after))
    if foreign:
        more = f" and {len(foreign) - _MOST_NAMES} more" if len(foreign) > _MOST_NAMES else ""
        raise PlatformError(
            f"{directory} contains files that no export wrote: {', '.join(foreign[:_MOST_NAMES])}{more}. Move them, or set "
            "export_directory to another directory",
            certain=True,
        )
    removed = ((path, _read(directory / path)) for path in sorted(written - set(files)))
    return [*(Change(path, before, None) for path, before in removed if before is not None), *found]


def write(directory: Path, wanted: Iterable[Change]) -> None:
    """Make the changes. The list of files comes before the new files, so that an interrupted export can be repeated.

    Args:
        directory: the folder. It is created if it is missing.
        wanted: what changes() returned.

    Raises:
        PlatformError: a file cannot be written or removed.
    """
    for change in wanted:
        path = directory / change.path
        try:
            if change.after is None:
                path.unlink(missing_ok=True)
                _remove_empty(path.parent, directory)
            else:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(change.after, encoding="utf-8")
        except OSError as error:
            raise PlatformError(f"{path} cannot be written: {error.strerror} (export_directory)", certain=True) from error


def _remove_empty(folder: Path, root: Path) -> None:
    while folder != root:
        try:
            folder.rmdir()
        except OSError:
            # It has other files.
            return
        folder = folder.parent


def _read(path: Path) -> str | None:
    try:
        return path.read_text(encoding="utf-8")
    except (FileNotFoundError, NotADirectoryError):
        return None
    except UnicodeDecodeError:
        return ""
    except OSError as error:
        raise PlatformError(f"{path} cannot be read: {error.strerror} (export_directory)", certain=True) from error


def sealed_values(directory: Path, names: Iterable[str]) -> dict[str, dict[str, str]]:
    """The encrypted values that C(kubeseal) added to the SealedSecrets of an earlier export, by name of the Secret.

    The name contains a hash of the values, so the encrypted values of the same name are still right.

    Args:
        directory: the folder.
        names: names of the Secrets.

    Raises:
        PlatformError: the file of a SealedSecret cannot be read. An export would replace its values.
    """
    paths = ((name, path) for name in names for path in sorted(directory.glob(f"*/sealedsecret-{name}.yaml")))
    return {name: _encrypted(path) for name, path in paths}


def _encrypted(path: Path) -> dict[str, str]:
    import yaml

    text = _read(path) or ""
    try:
        # kubeseal can write JSON, also with tabs, which YAML does not allow.
        found = json.loads(text) if text.startswith("{") else yaml.safe_load(text)
        return dict(found["spec"]["encryptedData"])
    except (ValueError, yaml.YAMLError, KeyError, TypeError) as error:
        raise PlatformError(f"{path} is not a SealedSecret: repair it, or delete it to seal its values again", certain=True) from error
