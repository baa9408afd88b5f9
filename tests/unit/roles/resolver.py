"""Resolves variables of roles: one JSON request per line, one JSON response per line."""

from __future__ import annotations

import json
import sys

from ansible.errors import AnsibleError

from tools.role_variables import resolver


def main() -> None:
    """Answer until the requests end."""
    resolve = resolver()
    for line in sys.stdin:
        name, values = json.loads(line)
        try:
            answer = {"value": resolve(name, values)}
        except AnsibleError as error:
            answer = {"error": str(error)}
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
