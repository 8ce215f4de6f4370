"""The functions that a registration which cannot be followed would register, if they are evident: entries of the configuration may declare them."""

from collections.abc import Sequence

import libcst as cst

from boilermaker_codegen.problems import Refused
from boilermaker_codegen.registrations.find import REGISTER, REGISTER_MANY, Use
from boilermaker_codegen.registrations.option_values import OptionValues
from boilermaker_codegen.registrations.options import Options, read_options
from boilermaker_codegen.registrations.subjects import Subjects, argument_of
from boilermaker_codegen.source.lists import elements_of
from boilermaker_codegen.source.meanings import Scope


class Places:
    """Names functions as configuration entries do.

    Args:
        subjects: finds functions.
        values: reads options.
    """

    def __init__(self, subjects: Subjects, values: OptionValues) -> None:
        self._subjects = subjects
        self._values = values

    def of(self, use: Use, scope: Scope) -> dict[str, Options] | None:
        """The functions that a use registers, as `module:function`; empty if unknown; None if no entry can name them."""
        arguments = use.call.args if use.call else ()
        if use.function is not None:
            place = self._subjects.place(use.function.name, scope)
            if use.context.functions or not place:
                return None
            return {place: self._readable_options(arguments, scope)}
        call = _called(use, scope)
        if call is None:
            return {}
        try:
            method = REGISTER_MANY if elements_of(call.args[0].value) is not None else REGISTER
            subject, rest = argument_of(call, method, scope)
            nodes = (
                list(self._subjects.listed(subject, scope)) if method == REGISTER_MANY else [(subject, scope)]
            )
        except (Refused, IndexError):
            return {}
        options = self._readable_options(rest, scope)
        places = {self._subjects.place(*node): options for node in nodes}
        return {} if "" in places else places

    def _readable_options(self, arguments: Sequence[cst.Arg], scope: Scope) -> Options:
        try:
            return read_options(arguments, self._values, scope)
        except Refused:
            return Options()


def _called(use: Use, scope: Scope) -> cst.Call | None:
    """The registering call, as if its method were not accessed by name."""
    if use.by_name is None:
        return use.call
    arguments = use.by_name.arguments(scope.module)
    return None if arguments is None else cst.Call(use.attribute, arguments)
