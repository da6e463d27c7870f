"""What a model has to know of a function, read from its signature and docstring; and its arguments, from what a model
wrote: pure."""

from __future__ import annotations

import inspect
import json
import typing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

from offhook.calls.call import Call
from offhook.errors import ConfigError, OffhookError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pydantic import BaseModel

__all__ = ["BadArguments", "Signature", "arguments_of", "signature_of"]

_MOST_FAULTS = 5


class BadArguments(OffhookError):
    """A model has called a tool with arguments that it does not take; the text is for the model."""

    code = "tool_arguments"


@dataclass(frozen=True, slots=True)
class Signature:
    """A function as a model sees it.

    ``parameters`` is a JSON Schema of an object; ``call`` is the name of the parameter that gets the call, which the
    model does not see.
    """

    description: str
    parameters: Mapping[str, object]
    model: type[BaseModel]
    call: str | None = None

    @property
    def names(self) -> frozenset[str]:
        """The parameters that a model fills in."""
        return frozenset(self.model.model_fields)


def signature_of(function: Callable[..., Any], *, name: str, description: str | None = None) -> Signature:
    """Read a function.

    A parameter that is annotated as :class:`~offhook.Call`, or that is called ``call`` and has no annotation, gets the
    call. Every other needs an annotation that pydantic knows. Docstrings in Google's, NumPy's and Sphinx's style
    describe parameters; ``Annotated[int, "how many people"]`` does, too, and wins.

    Raises:
        ConfigError: the function cannot be a tool.
    """
    from docstring_parser import parse
    from pydantic import ConfigDict, Field, PydanticSchemaGenerationError, PydanticUserError, create_model

    hints = _hints(function, name)
    told = parse(inspect.getdoc(function) or "")
    described = {parameter.arg_name: parameter.description or "" for parameter in told.params}
    fields: dict[str, Any] = {}
    call: str | None = None
    for parameter in inspect.signature(function).parameters.values():
        annotation = hints.get(parameter.name, inspect.Parameter.empty)
        if _is_call(parameter.name, annotation):
            call = parameter.name
            continue
        _check(parameter, annotation, name)
        default = ... if parameter.default is inspect.Parameter.empty else parameter.default
        text = _annotated(annotation) or " ".join(described.get(parameter.name, "").split())
        fields[parameter.name] = (annotation, Field(default, description=text or None))
    try:
        model = create_model(name, __config__=ConfigDict(arbitrary_types_allowed=False), **fields)
        parameters = _plain(model.model_json_schema())
    except (PydanticSchemaGenerationError, PydanticUserError, NameError) as error:
        raise ConfigError(
            f"expected parameters of tool {name!r} that can be written as JSON, got a type that cannot "
            f"({type(error).__name__}).",
            fix="use str, int, float, bool, date, Literal, an Enum, a list, a dataclass or a pydantic model",
        ) from None
    said = description or "\n\n".join(part for part in (told.short_description, told.long_description) if part)
    if not said:
        raise ConfigError(
            f"expected a docstring for tool {name!r}, got none: the model would not know what it is for.",
            fix='write """Book a table.""" under its def, or give description="…"',
        )
    parameters.pop("description", None)
    return Signature(" ".join(said.split()), parameters, model, call)


def arguments_of(signature: Signature, written: str) -> dict[str, Any]:
    """The arguments that a model wrote, of the types that the function wants. Those that it does not have are left out.

    Raises:
        BadArguments: they are no JSON, or do not fit. Its message tells the model.
    """
    from pydantic import ValidationError

    try:
        given = json.loads(written) if written.strip() else {}
    except ValueError:
        raise BadArguments(
            "expected the arguments as a JSON object, got text that is no JSON. Call it again."
        ) from None
    if not isinstance(given, dict):
        raise BadArguments("expected the arguments as a JSON object, got another value. Call it again.")
    try:
        filled = signature.model.model_validate(given)
    except ValidationError as error:
        faults = [f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}" for fault in error.errors(include_input=False)]
        raise BadArguments(f"the arguments do not fit: {'; '.join(faults[:_MOST_FAULTS])}. Call it again.") from None
    return {name: getattr(filled, name) for name in signature.names}


def _hints(function: Callable[..., Any], name: str) -> dict[str, Any]:
    target = function if inspect.isroutine(function) or inspect.isclass(function) else type(function).__call__
    try:
        try:
            return typing.get_type_hints(target, include_extras=True)
        except NameError:  # who imports Call for the type checker only means this one
            return typing.get_type_hints(target, localns={"Call": Call}, include_extras=True)
    except Exception as error:
        raise ConfigError(
            f"expected annotations of tool {name!r} that can be read, got {type(error).__name__}.",
            fix="import what they name outside of TYPE_CHECKING",
        ) from None


def _is_call(name: str, annotation: Any) -> bool:
    return annotation is Call or (name == "call" and annotation is inspect.Parameter.empty)


def _check(parameter: inspect.Parameter, annotation: Any, tool: str) -> None:
    if parameter.kind not in (parameter.POSITIONAL_OR_KEYWORD, parameter.KEYWORD_ONLY):
        raise ConfigError(
            f"expected parameters by name of tool {tool!r}, got {parameter}.", fix="give each a name of its own"
        )
    if annotation is inspect.Parameter.empty:
        raise ConfigError(
            f"expected an annotation for {parameter.name!r} of tool {tool!r}, got none.",
            fix=f"write {parameter.name}: str, or whatever it is",
        )
    if parameter.name.startswith("_"):
        raise ConfigError(
            f"expected a name without an underscore before it in tool {tool!r}, got {parameter.name!r}.",
            fix=f"call it {parameter.name.lstrip('_') or 'value'!r}",
        )


def _annotated(annotation: Any) -> str:
    if typing.get_origin(annotation) is not Annotated:
        return ""
    return next((text for text in typing.get_args(annotation)[1:] if isinstance(text, str)), "")


def _plain(schema: Any) -> Any:
    """A schema without the titles that pydantic makes of names: a model reads them, and pays for them."""
    if isinstance(schema, list):
        return [_plain(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    plain = {}
    for key, value in schema.items():
        if key == "title" and isinstance(value, str):
            continue
        if key in ("properties", "$defs") and isinstance(value, dict):
            plain[key] = {name: _plain(one) for name, one in value.items()}
        else:
            plain[key] = _plain(value)
    return plain
