"""`runs capture`: a recorded run as a cassette and a test."""

from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from levada_runtime.cli.frame import Result, Session, number
from levada_runtime.foundation.errors import EnvironmentFailure, NotFoundFailure
from levada_runtime.foundation.logging import mask

if TYPE_CHECKING:
    from levada_runtime.daemon.installation import Installation


def capture(
    session: Session,
    run_id: str,
    out: Annotated[Path, typer.Option(help="The file for the cassette; the test is written beside it.")],
) -> Result:
    """Write a recorded run's HTTP into a cassette, and beside it a test that reproduces the run offline."""
    from levada_runtime.runs.captured_test import captured_test, file_of_test  # loaded only where it is used

    with session.open() as installation:
        org = installation.org
        cassette = installation.cassettes.of(org, run_id)
        view = installation.run_library.run(org, run_id)
        found = installation.catalog.get(cassette.connector)
        delivery = _delivery(installation, run_id, view["connection"])
    test = out.with_name(file_of_test(out.stem))
    written = captured_test(cassette, out.name, (found.package, found.attribute), view, delivery)
    is_new = not test.exists()
    try:
        cassette.dump(out)
        if is_new:
            test.write_text(written, encoding="utf-8")
    except OSError as error:
        raise EnvironmentFailure(
            f"the cassette cannot be written to {out}: {error.strerror}",
            code="out_unwritable",
            hint="give --out a file that this user may write",
        ) from None
    value = {
        "run": run_id,
        "cassette": str(out),
        "test": str(test),
        "test_written": is_new,
        "exchanges": len(cassette.exchanges),
        "cut": cassette.cut,
    }
    return Result(value, lambda console: console.print(_told(value), markup=False))


def _told(value: dict[str, Any]) -> str:
    lines = [f"{number(value['exchanges'], 'exchange')} in {value['cassette']}"]
    if value["cut"]:
        lines.append("the run asked for more than is kept of one, so the cassette ends before the run did")
    kept = "reproduces the run: pytest runs it" if value["test_written"] else "was there already, and was left as it is"
    return "\n".join([*lines, f"{value['test']} {kept}"])


def _delivery(installation: "Installation", run_id: str, connection: str | None) -> dict[str, Any] | None:
    """Return the webhook that the run was for, without the connection's secrets."""
    delivery = installation.cassettes.delivery(installation.org, run_id)
    if delivery is None:
        return None
    with suppress(NotFoundFailure):  # of a connection that was removed there are no secrets left
        row = installation.connections.get(installation.org, connection or "")
        installation.connections.secrets(row)  # masked from here on
    body = delivery.get("body", b"")
    try:
        delivery["body"] = mask(body.decode()).encode()
    except UnicodeDecodeError:
        delivery["body"] = body
    for name in ("headers", "params"):
        if name in delivery:
            delivery[name] = {mask(key): mask(value) for key, value in delivery[name].items()}
    return delivery
