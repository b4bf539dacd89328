"""A section of the configuration, checked against the signature of the class that it configures.

A class states its settings once, in its constructor. A misspelt key or a wrong type is an error
that names the key, before any data is read.
"""

import dataclasses
import difflib
import importlib
import inspect
import types
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from typing import Any, Literal, TypeVar, Union, get_args, get_origin

from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from spinn.errors import InputError
from spinn.project import data_folder

# `${spinn.data:NAME}` in conf/, and in the configuration of the demo run.
OmegaConf.register_new_resolver("spinn.data", lambda name: str(data_folder(name)), replace=True)

T = TypeVar("T")
# Types in messages.
WORDS = {bool: "true or false", int: "a whole number", float: "a number", str: "a text"}
PLURALS = {int: "whole numbers", float: "numbers", str: "texts"}


def closest(name: str, known: Iterable[str]) -> str | None:
    """Return the known name nearest to `name`, in whatever case; None if none is near."""
    by_case = {key.lower(): key for key in sorted(known)}
    close = difflib.get_close_matches(str(name).lower(), by_case, n=1, cutoff=0.5)
    return by_case[close[0]] if close else None


def nearest(name: str, known: Iterable[str], prefix: str = "") -> str:
    """Return a sentence that names the known key nearest to `name`, or all of them.

    Args: prefix: printed before each key, and left out of the comparison.
    """
    known = sorted(known)
    close = closest(name, known)
    if close:
        return f"did you mean {prefix + close!r}?"
    return f"known keys: {', '.join(known) or 'none'}."


def flat(value: Any, key: str = "") -> Iterator[tuple[str, Any]]:
    """Yield each value of nested mappings, with its dotted key.

    Args: key: of `value` itself; empty at the root.
    """
    if not isinstance(value, dict):
        yield key, value
        return
    for name, inner in value.items():
        yield from flat(inner, f"{key}.{name}" if key else str(name))


def arguments(
    section: Any,
    target: Callable[..., Any],
    *,
    key: str,
    given: Collection[str] = (),
    apart: Collection[str] = (),
) -> dict[str, Any]:
    """Return a section as keyword arguments of `target`, their names and types checked.

    Args:
        section: a mapping.
        target: the class or function whose signature gives the expected names and types.
        key: the section's place in the configuration, for messages; empty at the root.
        given: parameters that the caller passes itself; the section must not name them.
        apart: keys of the section that other code reads; `_target_` is always one of them.

    Raises:
        InputError: for an unknown key, a missing one or a wrong type, by its full name.
    """
    if not OmegaConf.is_dict(section):
        raise InputError(f"{key} is {section!r}; expected a section of settings")
    prefix = f"{key}." if key else ""
    signature = inspect.signature(target, eval_str=True)
    parameters = {k: p for k, p in signature.parameters.items() if k not in given}
    for name in section:
        if name not in parameters and name not in ("_target_", *apart):
            raise InputError(f"unknown key {prefix}{name}: {nearest(name, parameters, prefix)}")
    plain = {k: v for k, v in _resolved(section, key).items() if k in parameters}
    absent = [k for k, p in parameters.items() if plain.get(k, p.default) in (p.empty, "???")]
    if absent:
        name = f"{prefix}{absent[0]}"
        raise InputError(f"{name} has no value; give one with {name}=…")
    return {k: _checked(v, parameters[k].annotation, f"{prefix}{k}") for k, v in plain.items()}


def _resolved(section: DictConfig, key: str) -> dict[str, Any]:
    """Return a section as plain Python, its interpolations replaced by their values."""
    try:
        return OmegaConf.to_container(section, resolve=True)  # type: ignore[return-value]
    except OmegaConfBaseException as error:
        raise InputError(f"{key or 'the configuration'}: {error}") from error


def _checked(value: Any, annotation: Any, key: str) -> Any:
    """Convert one value to its annotated type, or raise InputError that names the key."""
    allowed, simple = _simplify(annotation)
    lists = (simple, *get_args(simple))  # also where the list is optional
    if isinstance(value, str) and any(get_origin(inner) is list for inner in lists):
        value = [value]  # one value counts as a list of one
    schema = dataclasses.make_dataclass("Schema", [("value", simple)])
    try:
        merged = OmegaConf.merge(OmegaConf.structured(schema), {"value": value})
        result = OmegaConf.to_container(merged)["value"]  # type: ignore[index,call-overload]
    except OmegaConfBaseException as error:
        raise InputError(f"{key} is {value!r}; expected {_in_words(annotation)}") from error
    if allowed and result is not None and result not in allowed:
        raise InputError(f"{key} is {result!r}; expected one of {', '.join(map(str, allowed))}")
    return result


def _in_words(annotation: Any) -> str:
    """Describe the values of a type: `int | None` is "a whole number, or null"."""
    if get_origin(annotation) in (Union, types.UnionType):
        words = [_in_words(a) for a in get_args(annotation) if a is not types.NoneType]
        return " or ".join(words) + (", or null" if type(None) in get_args(annotation) else "")
    if get_origin(annotation) is Literal:
        return f"one of {', '.join(map(str, get_args(annotation)))}"
    if get_origin(annotation) in (tuple, list, Sequence):
        element = get_args(annotation)[0]
        return f"a list of {PLURALS.get(element, 'values')}"
    if (get_origin(annotation) or annotation) is dict:
        return "a mapping such as {a: b}"
    return WORDS.get(annotation, "another value")


def _simplify(annotation: Any) -> tuple[tuple[Any, ...], Any]:
    """Split an annotation into the values of a Literal and a type that OmegaConf knows."""
    origin = get_origin(annotation)
    if origin is Literal:
        return get_args(annotation), str
    if origin in (Union, types.UnionType):
        inner = [a for a in get_args(annotation) if a is not types.NoneType]
        allowed, simple = _simplify(inner[0])
        return allowed, simple | None
    if origin in (tuple, list, Sequence):
        return (), list[get_args(annotation)[0]]  # type: ignore[misc]
    return (), annotation


def class_of(section: Any, base: type, *, within: str, key: str) -> type[Any]:
    """Return the class that a section's `_target_` names: a public one of `within`, below `base`.

    A run folder is data: this check keeps it from naming any other code.

    Raises:
        InputError: if the target is missing, abstract, or no such class.
    """
    path = section.get("_target_") if OmegaConf.is_dict(section) else None
    if not isinstance(path, str) or not path.startswith(f"{within}."):
        raise InputError(f"{key}._target_ is {path!r}; expected a class of {within}")
    module_name, _, name = path.rpartition(".")
    try:
        found = vars(importlib.import_module(module_name))[name]
    except (ImportError, KeyError) as error:
        raise InputError(f"{key}._target_ is {path!r}: there is no such class") from error
    if not inspect.isclass(found) or found.__module__ != module_name or name.startswith("_"):
        raise InputError(f"{key}._target_ is {path!r}; expected a public class of {module_name}")
    if inspect.isabstract(found):
        raise InputError(f"{key}._target_ is {path!r}, an abstract class; name a subclass")
    if not issubclass(found, base):
        raise InputError(f"{key}._target_ is {path!r}; expected a subclass of {base.__name__}")
    return found


def constructor(
    section: Any,
    target: Callable[..., T],
    *,
    key: str,
    given: Collection[str] = (),
    apart: Collection[str] = (),
) -> Callable[..., T]:
    """Check a section; return what constructs its object from the parameters in `given`.

    Args: section, target, key, given, apart: as in `arguments`.

    Raises:
        InputError: at once if the section is bad; on the call if a value is out of its range.
    """
    settings = arguments(section, target, key=key, given=given, apart=apart)

    def construct(**rest: Any) -> T:
        try:
            return target(**settings, **rest)
        except InputError:
            raise  # it names the key
        except ValueError as error:
            raise InputError(f"{key}: {error}") from error

    return construct
