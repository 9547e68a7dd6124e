# level: language
# category: file-read
# escape proof: the module's `leak` is not None, or the file at $ESCAPE_PROOF exists

from pydantic import RootModel


class A(RootModel[int]):
    pass


leak = A.parse_file("/proc/sys/kernel/pid_max")
