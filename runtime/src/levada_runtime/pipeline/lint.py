"""What `runtime pipelines lint` finds."""

from levada_runtime.pipeline.loader import load
from levada_runtime.pipeline.problems import PipelineRefused, Problem


def lint(text: str, file: str = "pipeline") -> list[Problem]:
    """Return everything that is wrong with a pipeline's text, in the order of its lines."""
    try:
        load(text, file)
    except PipelineRefused as refused:
        return refused.problems
    return []
