"""A module of the specimen's own."""


class Inside:
    """A class with a private member."""

    _x = 1


inside = Inside()
