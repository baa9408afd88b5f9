# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A shell script that copies images: pure functions (private to the collection)."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Mapping
from typing import Any

# For each tool: how to read the digest of $1, and how to copy $1 to $2. Both copy all platforms of an image and keep its digest.
_TOOLS = {
    "skopeo": (
        # The point keeps the last newline of the manifest, which counts for its digest.
        'manifest=$(skopeo inspect --raw "docker://$1" 2>/dev/null && echo .) || return 0\n'
        '  printf %s "${manifest%.}" | skopeo manifest-digest /dev/stdin',
        'skopeo copy --all --preserve-digests "docker://$1" "docker://$2"',
    ),
    "crane": (
        'crane digest -- "$1" 2>/dev/null || true',
        'crane copy -- "$1" "$2"',
    ),
}
_SCRIPT = """\
#!/bin/sh
# Copies the images of the platform to a registry. Written by playbooks/images.yml. Run it again after a failure: it skips existing images.
set -eu

command -v {tool} >/dev/null || {{
  echo 'Install {tool}, and run this script again.' >&2
  exit 1
}}

# Print the digest of the image $1. Print nothing if it does not exist.
digest() {{
  {digest}
}}

# Copy the image $1 to $2, unless $2 is the same image. $3 is the digest of $1, or empty.
mirror() {{
  wanted=${{3:-$(digest "$1")}}
  if [ -n "$wanted" ] && [ "$(digest "$2")" = "$wanted" ]; then
    echo "exists: $2"
  else
    echo "copy: $1 to $2"
    {copy}
  fi
}}

{calls}"""


def mirror_script(images: Iterable[Mapping[str, Any]], tool: str = "skopeo") -> str:
    """Write a shell script that copies images to the mirror.

    The script omits images that the manifests already name in the mirror. It runs in each POSIX shell.

    Args:
        images: Images, as P(jewelry_shop.platform.deployed_images#filter) returns them.
        tool: Program that copies the images, V(skopeo) or V(crane).

    Returns:
        The script.

    Example:
        {{ images_found | jewelry_shop.platform.mirror_script('crane') }}
    """
    digest, copy = _TOOLS[tool]
    calls = dict.fromkeys(_call(each) for each in images if each["target"] and each["mirror"] != each["image"])
    return _SCRIPT.format(tool=tool, digest=digest, copy=copy, calls="".join(f"{call}\n" for call in calls))


def _call(image: Mapping[str, Any]) -> str:
    digest = image["digests"][0] if len(image["digests"]) == 1 else ""
    # shlex.quote leaves words without special characters as they are.
    return " ".join(["mirror", *(shlex.quote(word) for word in (image["source"], image["target"], digest))])
