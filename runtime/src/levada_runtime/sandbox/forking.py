"""What the host and the zygote tell each other: requests for children, and what became of those that were born."""

import msgspec

FORK = b"f"
MESSAGE_BYTES = 64 << 10


class Born(msgspec.Struct, tag="born", array_like=True):
    """A child was forked (its pidfd comes along), or could not be; its number is never given again."""

    number: int
    pid: int
    problem: str | None = None


class Exited(msgspec.Struct, tag="exited", array_like=True):
    """A child ended, with the status of `waitpid` and what it used."""

    number: int
    status: int
    cpu_s: float
    max_rss_bytes: int


class Awake(msgspec.Struct, tag="awake", array_like=True):
    """Everything is loaded; `namespaces` says which were entered, or why none; `modules` what a child can import."""

    namespaces: str
    modules: list[str]


Message = Awake | Born | Exited
encode_message = msgspec.msgpack.Encoder().encode
decode_message = msgspec.msgpack.Decoder(Message).decode
