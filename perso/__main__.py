"""`python -m perso` is the command line."""

import sys

from perso.cli import main

if __name__ == "__main__":
    sys.exit(main())
