# level: boundary
# category: output
# escape proof: a checkpoint of many names fills the host
# control: none, because the host's decoder is no layer that can be taken away

import itertools
import os

import msgspec

pack = msgspec.msgpack.encode

for number in itertools.count():
    SEND_RAW(pack(["save", f"{number:0>1000}", b"{}"]))
    if number % 16 == 15:
        os.read(CTX["chan"], 1 << 20)
