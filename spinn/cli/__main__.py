"""`python -m spinn.cli` is the `spinn` command."""

import sys

from spinn.cli import main

sys.exit(main())
