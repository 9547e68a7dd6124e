# level: boundary
# category: protocol
# escape proof: the host believes that the child has more layers than it has
# control: none, because the host takes the word of a child on its layers once, before any connector code

import msgspec

SEND_RAW(msgspec.msgpack.encode(["ready", {"seccomp": "on", "landlock": "abi 7", "namespaces": "pid"}]))
