"""The libraries a connector declares: found on disk and read as text, never imported in this process."""

from levada_runtime.sandbox.standard import closure

__all__ = ["closure"]
