"""`python -m boilermaker_codegen`: the generator's commands without the rest of the command line."""

from boilermaker_codegen.commands import stubs

stubs(prog_name="boilermaker stubs")
