"""Put the pip for ansible-test's environments into its cache, for hosts that cannot reach ansible-test's own download site.

ansible-test runs a bootstrap script of pip from its cache, and downloads the script only if it is missing. This program provides a script
that installs the wheel of the required version, which the ordinary client downloads.
"""

from __future__ import annotations

import pathlib
import subprocess
import sys
import types

from ansible_test._internal.python_requirements import get_venv_packages

BOOTSTRAP = '''\
"""Install the pip whose wheel lies beside this file; a wheel of pip can run itself."""

import pathlib
import sys

wheel = str(next(pathlib.Path(__file__).parent.glob("pip-{version}-*.whl")))
sys.path.insert(0, wheel)

from pip._internal.cli.main import main

sys.exit(main(["install", "--quiet", "--no-index", "--disable-pip-version-check", wheel]))
'''


def main() -> None:
    """Write the script and the wheel to the cache, unless a script exists."""
    python = types.SimpleNamespace(version=f"{sys.version_info.major}.{sys.version_info.minor}")
    version = get_venv_packages(python)["pip"]
    cache = pathlib.Path("~/.ansible/test/cache").expanduser()
    script = cache / f"get_pip_{version.replace('.', '_')}.py"
    if script.exists():
        return
    cache.mkdir(parents=True, exist_ok=True)
    download = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"]
    subprocess.run([*download, "--only-binary", ":all:", "--dest", str(cache), f"pip=={version}"], check=True)
    script.write_text(BOOTSTRAP.format(version=version))


if __name__ == "__main__":
    main()
