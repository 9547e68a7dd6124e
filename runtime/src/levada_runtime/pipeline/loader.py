"""Reads a pipeline's text, and refuses it with everything that is wrong with it."""

import re
from typing import Any, Final

from levada_runtime.pipeline.cases import read_cases
from levada_runtime.pipeline.definition import Definition
from levada_runtime.pipeline.document import Document, read
from levada_runtime.pipeline.language.faults import did_you_mean
from levada_runtime.pipeline.language.references import Reading
from levada_runtime.pipeline.problems import PipelineRefused, Problem
from levada_runtime.pipeline.sources import read_sources
from levada_runtime.pipeline.steps import read_actions, read_destinations

KEYS: Final = ("pipeline", "sources", "actions", "destinations", "tests")
MOST_REFERENCES: Final = 1_000

_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,62}")


def load(text: str, file: str = "pipeline") -> Definition:
    """Return the pipeline that a YAML text defines.

    Raises PipelineRefused with all problems, each with its line and column.
    """
    document = read(text, file)
    definition = _read(document, text) if _is_mapping(document) else None
    if document.problems or definition is None:
        raise PipelineRefused(document.problems)
    return definition


def _is_mapping(document: Document) -> bool:
    if not isinstance(document.data, dict):
        document.note((), "a pipeline is a mapping that begins with `pipeline: NAME`")
        return False
    for key in document.data:
        if key not in KEYS:
            document.note((key,), f"unknown key {key!r}{did_you_mean(key, KEYS)}", key=True)
    return True


def _read(document: Document, text: str) -> Definition:
    data, reading = document.data, Reading(set())
    given = {key: data[key] for key in KEYS if data.get(key) is not None}
    definition = Definition(
        name=_name(data.get("pipeline"), document),
        sources=read_sources(given["sources"], document) if "sources" in given else (),
        actions=read_actions(given.get("actions", []), document, reading),
        destinations=read_destinations(given.get("destinations", []), document, reading),
        tests=read_cases(given.get("tests", []), document),
        text=text,
    )
    if not given.keys() & {"actions", "destinations"}:
        document.note((), "a pipeline needs `actions`, `destinations` or both")
    if reading.references > MOST_REFERENCES:
        message = f"a pipeline has at most {MOST_REFERENCES} references, not {reading.references}"
        document.problems.append(Problem(1, 1, message, document.file))
    return definition


def _name(given: Any, document: Document) -> str:
    if given is None:
        document.note(("pipeline",), "a pipeline needs a name: `pipeline: NAME`")
    elif not isinstance(given, str) or not _NAME.fullmatch(given):
        document.note(
            ("pipeline",),
            f"{given!r} is no name: letters, digits, '.', '_' and '-', at most 63, beginning with a letter or digit",
        )
    return str(given)
