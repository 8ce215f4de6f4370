"""`python -m boilermaker.cli`: the command where its script is not on the path."""

from boilermaker.cli import main

main()
