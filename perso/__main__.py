"""Run the command line as `python -m perso`."""

import sys

from perso.cli import main

if __name__ == "__main__":
    sys.exit(main())
