# level: language
# category: introspection
# escape proof: the module's `leak` is not None, or the file at $ESCAPE_PROOF exists

from abc import ABC
from statistics import mean


class Total:
    def __radd__(self, other):
        return self

    def __truediv__(self, other):
        return ABC

    @staticmethod
    def is_finite():
        return False


class Number:
    @staticmethod
    def as_integer_ratio():
        return Total(), None


leak = mean([Number])
