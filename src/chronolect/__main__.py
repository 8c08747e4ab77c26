"""`python -m chronolect`."""

from chronolect.cli import main

main()
