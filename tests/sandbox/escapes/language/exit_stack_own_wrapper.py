# level: language
# category: file-read
# escape proof: the module's `leak` is not None, or the file at $ESCAPE_PROOF exists

import gzip
from contextlib import ExitStack
from functools import singledispatch


def handler(value: "io.FileIO"):
    pass


class Own(ExitStack):
    def _create_cb_wrapper(self, callback):
        return handler

    def _push_exit_callback(self, *_):
        pass


Own().callback(gzip.compress)


@singledispatch
def dispatch(value):
    pass


dispatch.register(handler)
leak = [kind for kind in dispatch.registry if kind is not object][0]
