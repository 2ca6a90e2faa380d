"""`python -m mindrail`: the command line."""

import sys

from mindrail.cli import main

if __name__ == "__main__":
    sys.exit(main())
