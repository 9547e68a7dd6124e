# ruff: noqa: INP001 - a script beside the pages it writes, not a package.
"""Writes the generated passages of the reference pages.

`python docs/generate.py` writes them, `python docs/generate.py --check` says which are stale. A passage stands between
`<!-- generated: NAME -->` and `<!-- /generated -->`; everything around it is written by hand.
"""

import argparse
import inspect
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any, Literal, get_origin

from pydantic import BaseModel, SecretStr
from pydantic.fields import FieldInfo
from typer.main import get_command

import levada
import levada.errors
from levada.contracts import CONTRACTS, Contract
from levada_runtime.api.app import make_app
from levada_runtime.api.services import Services
from levada_runtime.cli import command_line
from levada_runtime.cli.frame import COMMON
from levada_runtime.contracts.projections import told_links
from levada_runtime.contracts.registry import Registry
from levada_runtime.contracts.views import field_views
from levada_runtime.foundation.config import Settings
from levada_runtime.pipeline.reference import StepReference, reference_rows
from levada_runtime.sandbox.language.modules import ALLOWED

REFERENCE = Path(__file__).parent / "reference"
_PASSAGE = re.compile(r"(<!-- generated: (?P<name>[a-z-]+) -->\n).*?(<!-- /generated -->)", re.DOTALL)
_ALIASES = {
    "Paginator": "From a request, its response and the rows in it to the next request, or None after the last page.",
    "hookimpl": "Marks a function of a trusted extension as its answer to one of the runtime's hooks.",
}
_VALUES = {int: "N", Path: "PATH"}
_TYPES = {"str": "text", "int": "integer", "float": "number", "bool": "boolean", "Path": "path", "list": "list of text"}


def main(words: list[str]) -> int:
    """Rewrite what is stale; with `--check` only name it, and return 1 if there is any."""
    parser = argparse.ArgumentParser(prog="docs/generate.py", description="Write the generated passages.")
    parser.add_argument("--check", action="store_true", help="change nothing; exit 1 when a passage is stale")
    checking = parser.parse_args(words).check
    stale = {path: fresh for path, fresh in pages() if path.read_text() != fresh}
    for path, fresh in stale.items():
        sys.stdout.write(f"{'stale' if checking else 'written'}: {path.name}\n")
        if not checking:
            path.write_text(fresh)
    return 1 if checking and stale else 0


def pages() -> Iterator[tuple[Path, str]]:
    """Yield each reference page with the text it should have."""
    for path in sorted(REFERENCE.glob("*.md")):
        yield path, filled(path.read_text())


def filled(text: str) -> str:
    """Return a page's text with its passages written anew."""
    return _PASSAGE.sub(lambda found: f"{found[1]}\n{PASSAGES[found['name']]().strip()}\n\n{found[3]}", text)


def commands() -> str:
    """Every command of the command line, with its arguments and its own flags."""
    return "\n\n".join(_command(words, command) for words, command in _walk("runtime", get_command(command_line())))


def common_flags() -> str:
    """The flags that every command accepts."""
    return _table(
        ("flag", ""),
        ((_flag(one), _explained(one)) for one in _options(get_command(command_line()).commands["version"])),
    )


def settings() -> str:
    """Every key of the configuration."""
    rows = list(_setting_rows(Settings.model_fields, ()))
    return _table(("key in `levada.toml`", "environment", "type", "default", ""), rows)


def common_fields() -> str:
    """The fields that every contract has."""
    return _table(("field", "type"), (row[:2] for row in _field_rows(Contract)))


def contracts() -> str:
    """Every contract's own fields."""
    return "\n\n".join(_contract(contract) for contract in CONTRACTS.values())


def sdk_names() -> str:
    """Everything public in the SDK."""
    rows = ((f"`{name}`", _ALIASES.get(name) or _first_sentence(getattr(levada, name))) for name in levada.__all__)
    return _table(("name", ""), rows)


def errors() -> str:
    """The tree of errors, as it is drawn at the head of their module."""
    tree = inspect.getdoc(levada.errors) or ""
    drawn = [line for line in tree.splitlines() if re.match(r"LevadaError|[│├└ ]", line)]
    return "\n".join(("```", *drawn, "```"))


def modules() -> str:
    """What a connector may import from the standard library."""
    return _table(("module", "names"), ((f"`{title}`", _words(names)) for title, names in ALLOWED.items()))


def endpoints() -> str:
    """Every endpoint of the HTTP API by surface; those of documents once for all types."""
    nothing: dict[str, Any] = dict.fromkeys(inspect.signature(Services).parameters)
    registry = Registry()
    document = make_app(Services(**{**nothing, "registry": registry})).openapi()
    first = next(iter(registry))
    others = {contract.plural for contract in registry} - {first.plural}
    surfaces: dict[str, list[tuple[str, str, str]]] = {}
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            if path.split("/")[2:3] and path.split("/")[2] in others:
                continue
            surface = operation["tags"][0]
            said = _sentence(operation.get("description") or f"{operation['summary']}.")
            if surface == "documents":
                path, said = path.replace(first.plural, "PLURAL"), _of_any_type(said, first)  # noqa: PLW2901 - the first type stands for all
            surfaces.setdefault(surface, []).append((f"`{method.upper()} {path}`", said, _statuses(operation)))
    tables = (
        f"### {name.capitalize()}\n\n{_table(('endpoint', '', 'answers'), rows)}" for name, rows in surfaces.items()
    )
    return "\n\n".join(tables)


def plurals() -> str:
    """The words that document types have in URLs."""
    return _table(("type", "path"), ((f"`{one.document_type}`", f"`/v1/{one.plural}`") for one in Registry()))


def _of_any_type(said: str, contract: type[Contract]) -> str:
    said = said.replace(f" {contract.document_type.replace('_', ' ')} ", " ")
    return said.replace(f"its `{contract.identity_field}`", "its identity")


def _statuses(operation: dict[str, Any]) -> str:
    return " ".join(status for status in sorted(operation["responses"]) if status.isdigit())


def pipeline_steps(section: str) -> str:
    """Every kind of step in one section of a pipeline, with its fields."""
    return "\n\n".join(_step(one) for one in reference_rows() if one.section == section)


PASSAGES: Mapping[str, Callable[[], str]] = {
    "commands": commands,
    "common-flags": common_flags,
    "settings": settings,
    "common-fields": common_fields,
    "contracts": contracts,
    "sdk-names": sdk_names,
    "errors": errors,
    "modules": modules,
    "endpoints": endpoints,
    "plurals": plurals,
    "pipeline-sources": partial(pipeline_steps, "sources"),
    "pipeline-actions": partial(pipeline_steps, "actions"),
    "pipeline-destinations": partial(pipeline_steps, "destinations"),
}


def _step(step: StepReference) -> str:
    rows = (
        (f"`{field.name}`", field.type, "" if field.required else field.default or "optional", field.help)
        for field in step.fields
    )
    table = _table(("field", "type", "default", ""), rows)
    return table if step.section == step.name else f"### `{step.name}`\n\n{step.help}\n\n{table}"


def _walk(words: str, command: Any) -> Iterator[tuple[str, Any]]:
    """Yield every command that is not hidden, groups opened, in the order of the help."""
    for name, child in getattr(command, "commands", {}).items():
        if child.hidden:
            continue
        path = f"{words} {name}"
        if hasattr(child, "commands"):
            yield from _walk(path, child)
        else:
            yield path, child


def _command(words: str, command: Any) -> str:
    arguments = [one for one in command.params if one.param_type_name == "argument"]
    options = [one for one in _options(command) if one.name not in COMMON]
    usage = " ".join((words, *(_upper(one) for one in arguments), *(["[FLAGS]"] if options else [])))
    parts = [f"### {words.removeprefix('runtime ')}", inspect.cleandoc(command.help or ""), f"`{usage}`"]
    rows = [(f"`{_upper(one)}`", one.help or "") for one in arguments if one.help]
    rows += [(_flag(one), _explained(one)) for one in options]
    if rows:
        parts.append(_table(("argument or flag", ""), rows))
    return "\n\n".join(parts)


def _options(command: Any) -> list[Any]:
    return [one for one in command.params if one.param_type_name == "option"]


def _upper(argument: Any) -> str:
    return str(argument.name).upper()


def _flag(option: Any) -> str:
    value = "" if option.is_flag else f" {_VALUES.get(option.type_descriptor.annotation, 'VALUE')}"
    return " ".join(f"`{name}{value}`" for name in (option.opts[0], *option.secondary_opts[:1]))


def _explained(option: Any) -> str:
    default = option.default
    shown = default is not None and not option.is_flag and default != []
    repeated = " May be given several times." if option.multiple and "repeated" not in option.help else ""
    return f"{option.help}{repeated}{f' Default: `{default}`.' if shown else ''}"


def _setting_rows(fields: Mapping[str, FieldInfo], above: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    for name, field in fields.items():
        path = (*above, name)
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            yield from _setting_rows(field.annotation.model_fields, path)
            continue
        variable = f"LEVADA_{'__'.join(path).upper()}"
        default = "" if field.default is None else f"`{_spelt(field.default)}`"
        yield f"`{'.'.join(path)}`", f"`{variable}`", _type_of(field.annotation), default, field.description or ""


def _type_of(annotation: Any) -> str:
    kinds = [one for one in (getattr(annotation, "__args__", None) or (annotation,)) if one is not type(None)]
    if getattr(annotation, "__origin__", None) is list:
        return "list of text"
    if get_origin(annotation) is Literal:
        return "one of " + ", ".join(str(value) for value in kinds)
    if kinds == [SecretStr]:
        return "text, secret"
    return _TYPES.get(kinds[0].__name__, kinds[0].__name__)


def _spelt(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return "[]" if value == [] else str(value)


def _contract(contract: type[Contract]) -> str:
    facts = [f"Identity field: `{contract.identity_field}`.", f"In URLs: `{contract.plural}`."]
    if contract.source_time_field:
        facts.append(f"Source time: `{contract.source_time_field}`.")
    if contract.hash_exclude:
        facts.append(f"Left out of the hash: {_words(' '.join(sorted(contract.hash_exclude)))}.")
    if contract.projection:
        links = "".join(f"; {told}" for told in told_links(contract.projection, quote="`"))
        facts.append(f"In the graph: `{contract.projection.kind}`{links}.")
    fields = _field_rows(contract, without=frozenset(Contract.model_fields) - {contract.identity_field})
    head = f"### {contract.document_type}\n\n{_first_sentence(contract)}\n\n{' '.join(facts)}"
    return f"{head}\n\n{_table(('field', 'type', 'required'), fields)}"


def _field_rows(contract: type[Contract], without: frozenset[str] = frozenset()) -> Iterator[tuple[str, ...]]:
    for one in field_views(contract, quote="`"):
        if one["field"] not in without:
            yield f"`{one['field']}`", one["type"], "yes" if one["required"] else ""


def _first_sentence(thing: Any) -> str:
    return _sentence(inspect.getdoc(thing) or "")


def _sentence(text: str) -> str:
    return " ".join(text.strip().partition("\n\n")[0].split())


def _words(names: str) -> str:
    return ", ".join(f"`{name}`" for name in names.split())


def _table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    lines = [list(head)]
    lines.append(["---"] * len(lines[0]))
    lines += [[cell.replace("|", "\\|") for cell in row] for row in rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
