from __future__ import annotations

import sys

from chouseiapo.cli import main

sys.exit(main())
