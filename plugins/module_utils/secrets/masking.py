# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Masks secrets in text from outside: logs, events, errors (private to the collection)."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.kubernetes.core.plugins.module_utils.args_common import AUTH_ARG_SPEC

from ansible_collections.jewelry_shop.platform.plugins.module_utils.secrets.encodings import base64_forms, in_standard_base64, views
from ansible_collections.jewelry_shop.platform.plugins.module_utils.text.lines import one_line, printable

MASK = "******"
# Characters. Shorter values occur too often in other text.
SHORTEST_MASKED = 4
# Characters of a line in a value of several lines, such as a private key. Shorter lines, such as `[default]`, are not secret.
_SHORTEST_LINE = 8
_MOST_LINES = 1000
# Maximum length of an encoded form, as a multiple of the value's length. Maximum characters that are read beyond a shortened text.
_LONGEST_FORM = 12
_LONGEST_LOOK_AHEAD = 65_536


class Masker:
    """Prepares text from outside for output: masks values, also in encoded form, and replaces control characters.

    Args:
        values: values to mask.
        credentials: values to mask in their written form, whatever their length.
    """

    def __init__(self, values: Iterable[str], credentials: Iterable[str] = ()) -> None:
        self._texts = set(filter(None, credentials))
        self._base64: set[str] = set()
        self.hide(values)

    def hide(self, values: Iterable[str]) -> None:
        """Mask further values.

        Args:
            values: values to mask.
        """
        texts = {text for value in values for text in _parts(value)}
        self._texts |= texts
        self._base64 |= {form for text in texts for form in base64_forms(text) if len(form) >= SHORTEST_MASKED}
        self._look_ahead = min(_LONGEST_FORM * max(map(len, self._texts), default=0), _LONGEST_LOOK_AHEAD)

    def with_credentials(self, credentials: Iterable[str]) -> Masker:
        """A masker with further values.

        Args:
            credentials: values to mask in their written form, whatever their length.
        """
        other = Masker((), {*self._texts, *credentials})
        other._base64 = self._base64
        return other

    def __call__(self, text: str, at_most: int | None = None) -> str:
        """The text without the values and without control characters.

        Args:
            text: from outside.
            at_most: maximum number of its characters to keep.
        """
        end = len(text) if at_most is None else min(at_most, len(text))
        kept: list[str] = []
        position = 0
        for start, stop in self._spans(text[: end + self._look_ahead]):
            if start >= end:
                break
            kept += [text[position:start], MASK]
            position = stop
        return printable("".join([*kept, text[position:end]]))

    def _spans(self, text: str) -> list[tuple[int, int]]:
        """The spans of values. Overlapping spans are merged."""
        if not self._texts:
            return []
        found: list[tuple[int, int]] = []
        for view in views(text):
            found += [span for value in self._texts for span in view.spans(value)]
            standard = in_standard_base64(view)
            found += [span for form in self._base64 for span in standard.spans(form)]
        merged: list[tuple[int, int]] = []
        for start, stop in sorted(found):
            if merged and start < merged[-1][1]:
                merged[-1] = (merged[-1][0], max(stop, merged[-1][1]))
            else:
                merged.append((start, stop))
        return merged


def _parts(value: str) -> Iterator[str]:
    """The forms of a value in a text: unchanged, in one line, and each of its lines."""
    lines = value.splitlines()
    for text in (value.strip(), one_line(value)):
        if len(text) >= SHORTEST_MASKED:
            yield text
    if len(lines) > 1:
        yield from (line.strip() for line in lines[:_MOST_LINES] if len(line.strip()) >= _SHORTEST_LINE)


def values_to_mask(settings: Any, files: Any = None) -> list[str]:
    """All strings and numbers of settings, and the contents of files.

    Args:
        settings: values of any form, because the values of an invalid setting must be masked too.
        files: contents in base64, by name.
    """
    return list(dict.fromkeys(text for text in (*_texts(settings), *_texts(files), *_contents(files)) if text))


def _texts(settings: Any) -> Iterator[str]:
    if isinstance(settings, Mapping):
        settings = settings.values()
    if isinstance(settings, str) or not isinstance(settings, Iterable):
        yield "" if settings is None else str(settings)
        return
    for each in settings:
        yield from _texts(each)


def _contents(files: Any) -> Iterator[str]:
    for text in _texts(files):
        try:
            yield base64.b64decode(re.sub(r"\s", "", text), validate=True).decode()
        except ValueError:  # not base64, or not text
            continue


def credentials(params: Mapping[str, Any]) -> set[Any]:
    """The credentials of a module for the cluster, which Ansible masks.

    Args:
        params: the module's parameters.
    """
    return {params[option] for option, spec in AUTH_ARG_SPEC.items() if spec.get("no_log")}


class MaskingModule(AnsibleModule):
    """Disables Ansible's masking of an option. Ansible would also mask its values within names and numbers.

    Attributes:
        option: the name of the option.
    """

    option = "mask"

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.no_log_values.difference_update({*values_to_mask(self.params[self.option])} - credentials(self.params))


def take_mask(params: dict[str, Any]) -> list[str]:
    """Remove the values of the option mask from a module's parameters, and return them.

    Args:
        params: the module's parameters.
    """
    values: list[str] = params.pop("mask")
    return values
