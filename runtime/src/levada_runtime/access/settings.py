"""Whether an operator's settings and secrets are what a manifest asks for. Values in, values out."""

import difflib
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from levada import Manifest, Setting
from levada_runtime.foundation.errors import UsageFailure

_WORDS = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}


def read_settings(manifest: Manifest, given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings with their kinds and defaults; strings are read as the kind asks.

    Raises UsageFailure naming every setting that is unknown, missing or cannot be read.
    """
    plain = [setting for setting in manifest.settings if setting.kind != "secret"]
    problems = _unknown(given, plain, "setting") + _missing(given, plain, "set")
    read: dict[str, Any] = {}
    for setting in plain:
        try:
            if setting.name in given:
                read[setting.name] = _read(setting, given[setting.name])
            elif setting.default is not None:
                read[setting.name] = setting.default
        except ValueError as error:
            problems.append(f"{setting.name}: {error}")
    _refuse(problems, "settings")
    return read


def check_secrets(manifest: Manifest, given: Mapping[str, str], *, kept: Sequence[str] = ()) -> None:
    """Refuse secrets that the manifest does not declare, and the lack of one that it needs.

    Raises UsageFailure naming each.
    """
    declared = [setting for setting in manifest.settings if setting.kind == "secret"]
    problems = _unknown(given, declared, "secret") + _missing({**given, **dict.fromkeys(kept, "")}, declared, "secret")
    _refuse(problems, "secrets")


def _unknown(given: Mapping[str, Any], declared: Sequence[Setting], kind: str) -> list[str]:
    names = [setting.name for setting in declared]
    problems = []
    for name in given:
        if name not in names:
            near = difflib.get_close_matches(name, names, n=1)
            guess = f"; did you mean {near[0]!r}?" if near else f"; the connector has {', '.join(names) or 'none'}"
            problems.append(f"there is no {kind} {name!r}{guess}")
    return problems


def _missing(given: Mapping[str, Any], declared: Sequence[Setting], flag: str) -> list[str]:
    return [
        f"{setting.name} is needed: --{flag} {setting.name}=…"
        for setting in declared
        if setting.required and setting.default is None and setting.name not in given
    ]


def _read(setting: Setting, value: Any) -> Any:
    match setting.kind:
        case "integer":
            return _integer(value)
        case "boolean":
            return _boolean(value)
        case "choice":
            return _choice(setting, value)
        case "url":
            return _url(value)
        case _:
            return str(value)


def _integer(value: Any) -> int:
    try:
        return int(value)
    except (TypeError, ValueError):
        raise ValueError(f"{value!r} is not a whole number") from None


def _boolean(value: Any) -> bool:
    word = str(value).lower()
    if word not in _WORDS:
        raise ValueError(f"{value!r} is neither true nor false")
    return _WORDS[word]


def _choice(setting: Setting, value: Any) -> str:
    choices = setting.choices or ()
    if value not in choices:
        raise ValueError(f"{value!r} is none of {', '.join(choices)}")
    return str(value)


def _url(value: Any) -> str:
    parts = urlsplit(str(value))
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError(f"{value!r} is not an http or https URL")
    return str(value)


def _refuse(problems: Sequence[str], what: str) -> None:
    if problems:
        raise UsageFailure("; ".join(problems), code=f"invalid_{what}", details={"problems": list(problems)})
