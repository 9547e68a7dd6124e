"""What is wrong with a pipeline, each thing at its line and column, all of them at once."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from levada_runtime.foundation.errors import UsageFailure

MOST_TOLD: Final = 100


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One thing wrong in a pipeline's text. Lines and columns count from one."""

    line: int
    column: int
    message: str
    file: str = "pipeline"

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}: {self.message}"

    def view(self) -> dict[str, object]:
        """Return the problem as machines read it."""
        return {"file": self.file, "line": self.line, "column": self.column, "message": self.message}


class PipelineRefused(UsageFailure):
    """A pipeline cannot be taken as it is written; `problems` says all that is wrong with it, a hundred at most."""

    default_code = "pipeline_refused"

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = _told(sorted(problems))
        super().__init__(
            "\n".join(map(str, self.problems)), details={"problems": [problem.view() for problem in self.problems]}
        )


def _told(problems: list[Problem]) -> list[Problem]:
    told, rest = problems[:MOST_TOLD], len(problems) - MOST_TOLD
    return [*told, replace(problems[MOST_TOLD], message=f"… and {rest} more")] if rest > 0 else told
