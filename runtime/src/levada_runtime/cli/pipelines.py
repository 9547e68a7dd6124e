"""`pipelines`: what is done about events."""

from pathlib import Path
from typing import Annotated, Any

import orjson
import typer
from rich.console import Console

from levada_runtime.cli.frame import Result, Session, command, fields, number, table
from levada_runtime.foundation.errors import UsageFailure

_COLUMNS = ("name", "state", "version", "events", "delivered", "failed", "dead", "updated_at")

Name = Annotated[str, typer.Argument(help="The pipeline's name.")]
File = Annotated[Path, typer.Argument(help="The pipeline's YAML file.", readable=False)]


def add_to(app: typer.Typer) -> None:
    """Add this module's commands."""
    group = typer.Typer(help="What is done about events.", no_args_is_help=True)
    for name, function in (
        ("lint", lint),
        ("test", tried),
        ("deploy", deploy),
        ("list", listed),
        ("show", show),
        ("pause", pause),
        ("resume", resume),
    ):
        command(group, name, group="pipelines")(function)
    app.add_typer(group, name="pipelines")


def lint(session: Session, file: File) -> Result:  # noqa: ARG001 - what every command is given
    """Say everything that is wrong with a pipeline, each with its line; nothing is deployed."""
    from levada_runtime.pipeline.loader import load  # the floors load only for commands that need them

    definition = load(_text(file), str(file))
    return Result({"pipeline": definition.name, "problems": []}, lambda out: out.print(f"{definition.name} is fine"))


def tried(
    session: Session,  # noqa: ARG001 - what every command is given
    file: File,
    event: Annotated[
        Path | None, typer.Option(help="A JSON file with an event: what each step does with it.", readable=False)
    ] = None,
) -> Result:
    """Run a pipeline's own tests, or one event; nothing is sent and nothing is kept."""
    from levada_runtime.pipeline.cases import run_cases, try_event  # the floors load only for commands that need them
    from levada_runtime.pipeline.loader import load

    definition = load(_text(file), str(file))
    if event is not None:
        value = try_event(definition, _event(event))
        return Result(value, lambda out: _show_trace(out, value), 1 if value["error"] else 0)
    if not definition.tests:
        raise UsageFailure(
            f"{file} has no tests", code="no_tests", hint="give it a `tests:` block, or --event EVENT.json"
        )
    results = run_cases(definition)
    failed = sum(not one["passed"] for one in results)
    error = {"code": "tests_failed", "message": f"{number(failed, 'test')} failed", "details": {}} if failed else None
    value = {"pipeline": definition.name, "tests": results, "failed": failed}
    return Result(value, lambda out: _show_tests(out, results), 1 if failed else 0, error)


def deploy(
    session: Session,
    file: File,
    draft: Annotated[bool, typer.Option("--draft", help="Keep it without letting it run.")] = False,
) -> Result:
    """Make a file the newest version of its pipeline, and let it run."""
    text = _text(file)
    with session.open(create=True) as installation:
        view = installation.pipelines.deploy(installation.org, text, str(file), draft=draft)

    def told(out: Console) -> None:
        what = f"version {view['version']}" if view["changed"] else f"version {view['version']}, as before"
        out.print(f"{view['name']} is {view['state']}: {what}", markup=False)
        for warning in view["warnings"]:
            out.print(f"warning: {warning}", markup=False)

    return Result(view, told)


def listed(session: Session) -> Result:
    """The organisation's pipelines with what they did."""
    with session.open() as installation:
        items = installation.pipelines.of(installation.org)
    rows = [{**item, **item["figures"]} for item in items]
    empty = "There is no pipeline; `runtime pipelines deploy` makes one."
    return Result({"items": items, "cursor": None}, table(rows, _COLUMNS, empty))


def show(session: Session, pipeline: Name) -> Result:
    """A pipeline with its text, its figures, and why it failed if it did."""
    with session.open() as installation:
        view = installation.pipelines.get(installation.org, pipeline)
    return Result(view, fields(view))


def pause(session: Session, pipeline: Name) -> Result:
    """Let a pipeline rest: events pass it by until it is resumed."""
    with session.open() as installation:
        view = installation.pipelines.pause(installation.org, pipeline)
    return Result(view, lambda out: out.print(f"{view['name']} is {view['state']}", markup=False))


def resume(session: Session, pipeline: Name) -> Result:
    """Let a pipeline run, be it paused or a draft."""
    with session.open() as installation:
        view = installation.pipelines.resume(installation.org, pipeline)
    return Result(view, lambda out: out.print(f"{view['name']} is {view['state']}", markup=False))


def _text(file: Path) -> str:
    try:
        return file.read_text()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise UsageFailure(f"{file} cannot be read: {reason}", code="unreadable_file") from None


def _event(file: Path) -> dict[str, Any]:
    try:
        value = orjson.loads(_text(file))
    except orjson.JSONDecodeError as error:
        raise UsageFailure(f"{file} is not JSON: {error}", code="invalid_json") from None
    if not isinstance(value, dict):
        raise UsageFailure(f"{file} holds no event: it must be an object with a `type`", code="invalid_event")
    return value


def _show_trace(out: Console, value: dict[str, Any]) -> None:
    if not value["taken"]:
        out.print(f"{value['pipeline']} does not take this event.", markup=False)
    for place, step in enumerate(value["steps"], 1):
        out.print(f"{place}. {step['kind']}: {step['outcome']} {step['detail']}".rstrip(), markup=False)
    for one in value["deliveries"]:
        problem = f" cannot be sent: {one['problem']}" if one["problem"] else ""
        out.print(f"→ {one['type']} {one['target']}{problem}", markup=False)
        if not problem:
            out.print(orjson.dumps(one["body"], option=orjson.OPT_INDENT_2).decode(), markup=False)


def _show_tests(out: Console, results: list[dict[str, Any]]) -> None:
    for one in results:
        out.print(f"{'passed' if one['passed'] else 'FAILED'}  {one['name']}", markup=False)
        for line in one["differences"]:
            out.print(f"    {line}", markup=False)
