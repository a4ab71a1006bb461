"""``python -m dra_conformance``."""

import sys

from dra_conformance.cli import main

sys.exit(main())
