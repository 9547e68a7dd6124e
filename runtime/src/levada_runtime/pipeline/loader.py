"""Reads a pipeline's text, and refuses it with everything that is wrong with it."""

from levada_runtime.pipeline.definition import Definition
from levada_runtime.pipeline.problems import PipelineRefused, Problem


def load(text: str, file: str = "pipeline") -> Definition:
    """Return the pipeline that a YAML text defines.

    Raises PipelineRefused with all problems, each with its line and column.
    """
    raise PipelineRefused([Problem(1, 1, "pipelines cannot be read yet", file)])
