"""`python -m tests.sandbox.harness DIR`: try every attack below a folder, and say what became of it."""

import argparse
import json
import sys
from pathlib import Path

from tests.sandbox.harness import ordinary, suite, table
from tests.sandbox.harness.attack import attacks_in, some_of_each
from tests.sandbox.harness.walls import LEVELS, Walls

OWN = Path(__file__).parents[1] / "escapes"


def main(arguments: list[str]) -> int:
    """Return 0 when nothing escaped and everything was tried, 1 otherwise, 77 when `--as-user` cannot be had here."""
    options = _parser().parse_args(arguments)
    if options.as_user:
        try:
            return ordinary.run([argument for argument in arguments if argument != "--as-user"])
        except ordinary.NotPossible as error:
            print(f"no ordinary user here: {error}", file=sys.stderr)
            return 77
    attacks, wrong = attacks_in(options.folder)
    if options.only:
        attacks = [attack for attack in attacks if options.only in attack.name]
    if options.of_each:
        attacks = some_of_each(attacks, options.of_each)
    tell = (lambda line: print(line, file=sys.stderr)) if options.verbose else (lambda line: None)
    with Walls() as walls:
        found = suite.run(
            attacks,
            options.levels or LEVELS,
            walls,
            with_controls=not options.without_controls,
            quick=options.quick,
            tell=tell,
        )
    found.wrong = wrong + found.wrong
    if options.json:
        print(json.dumps(found.as_dict(), indent=1))
    else:
        print("\n".join(table.lines(found)))
    good = found.are_good(require_controls=options.require_controls, require_levels=bool(options.levels))
    return 0 if good else 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.sandbox.harness", description=__doc__)
    parser.add_argument("folder", type=Path, nargs="?", default=OWN, help="a folder of attacks, or one file")
    parser.add_argument("--levels", type=_levels, help="L3,L2,L1; those named here must be reachable")
    parser.add_argument("--only", help="only attacks whose name contains this")
    parser.add_argument("--of-each", type=int, metavar="N", help="only the first N attacks of each category")
    parser.add_argument("--json", action="store_true", help="print all of it as JSON")
    parser.add_argument("--require-controls", action="store_true", help="a control that fails without a reason fails")
    parser.add_argument("--without-controls", action="store_true", help="try no attack without the wall")
    parser.add_argument("--quick", action="store_true", help="many language attacks to a child; spin less")
    parser.add_argument("--as-user", action="store_true", help="as root: run as an ordinary user")
    parser.add_argument("--verbose", action="store_true", help="say what is being tried")
    return parser


def _levels(text: str) -> list[str]:
    levels = text.upper().split(",")
    if unknown := [level for level in levels if level not in LEVELS]:
        raise argparse.ArgumentTypeError(f"there is no level {', '.join(unknown)}; there are {', '.join(LEVELS)}")
    return levels


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
