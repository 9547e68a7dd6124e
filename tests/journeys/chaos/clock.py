"""The wall clock of an installation's processes, which jumps when a test says so; everybody else's stays as it is."""

import mmap
import shutil
import struct
import subprocess
import time
from pathlib import Path


class Clock:
    """Told by a library that is preloaded into every process that is started with `environment`."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / "clock"
        self._file.write_bytes(struct.pack("d", 0.0))
        self._library = folder / "clock.so"
        words = ["cc", "-shared", "-fPIC", "-O1", "-o", str(self._library), str(Path(__file__).with_name("clock.c"))]
        subprocess.run([*words, "-ldl"], check=True, capture_output=True)
        with self._file.open("r+b") as opened:
            self._told = mmap.mmap(opened.fileno(), 8)
        self.jumps = 0

    @staticmethod
    def can_be_had() -> bool:
        """Tell whether there is a compiler to make it."""
        return shutil.which("cc") is not None

    @property
    def environment(self) -> dict[str, str]:
        return {"LD_PRELOAD": str(self._library), "LEVADA_CHAOS_CLOCK": str(self._file)}

    @property
    def offset_s(self) -> float:
        return float(struct.unpack("d", self._told[:8])[0])

    def jump(self, seconds: float) -> None:
        """Set the clock forward, or back, for all of its processes at once."""
        self._told[:8] = struct.pack("d", self.offset_s + seconds)
        self.jumps += 1

    def put_before_a_minute(self, seconds: float) -> None:
        """Set it forward until its next minute begins in so many seconds."""
        self.jump((-seconds - time.time() - self.offset_s) % 60)
