"""Run the command line: ``python3 -m local_cluster``."""

import sys

from local_cluster.cli import main

sys.exit(main())
