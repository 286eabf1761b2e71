"""`python -m toolkit` is the command line."""

from .cli import main

main()
