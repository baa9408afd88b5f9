"""The newest and the oldest ansible-core of the tests, for tests that run playbooks."""

from __future__ import annotations

import sys
from pathlib import Path

REPOSITORY = Path(__file__).parents[2]
OLDEST = REPOSITORY / ".cache" / "oldest" / "bin" / "ansible-playbook"
# ansible-playbook, by version.
COMMANDS = {"oldest": [str(OLDEST)], "newest": [sys.executable, "-m", "ansible.cli.playbook"]}
# The oldest has no collections of its own. The collections of the newest contain kubernetes.core, which plugins of this collection import.
SITE_PACKAGES = next(Path(sys.prefix).glob("lib/python*/site-packages"))
COLLECTIONS_PATH = f"{REPOSITORY / '.ansible' / 'collections'}:{SITE_PACKAGES}"
