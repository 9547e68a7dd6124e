"""A loopback server that answers what a test tells it to, over http or https."""

import ssl
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from levada_runtime.outbound import AllowPrivate, BlockingClient, Client


class Loopback:
    """`answers` maps a path to (status, headers, body) or to a callable of the handler; `seen` is what arrived."""

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        self.answers = {}
        self.seen = []
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self.scheme = "https" if tls else "http"
        if tls:
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True)
        Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    @property
    def port(self):
        return self._server.server_port

    @property
    def place(self):
        return f"127.0.0.1:{self.port}"

    @property
    def url(self):
        return f"{self.scheme}://{self.place}"

    def close(self):
        self._server.shutdown()
        self._server.server_close()

    def _handler(self):
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def answer(self):
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                outer.seen.append((self.command, self.path, dict(self.headers), body))
                answer = outer.answers.get(self.path.partition("?")[0], (404, {}, b""))
                if callable(answer):
                    answer(self)
                    return
                status, headers, content = answer
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            do_GET = do_POST = do_PUT = do_DELETE = answer  # noqa: N815 -- the names are the standard library's

            def log_message(self, *args):
                pass

        return Handler


@pytest.fixture
def cleanup() -> Iterator[ExitStack]:
    """What is to be closed at the end."""
    with ExitStack() as stack:
        yield stack


@pytest.fixture
def new_server(cleanup: ExitStack) -> Callable[..., Loopback]:
    """Returns what starts another server."""

    def make(tls: ssl.SSLContext | None = None) -> Loopback:
        server = Loopback(tls)
        cleanup.callback(server.close)
        return server

    return make


@pytest.fixture
def server(new_server) -> Loopback:
    """A server that speaks plain http."""
    return new_server()


@pytest.fixture
def new_client(cleanup: ExitStack) -> Callable[..., BlockingClient]:
    """Returns what makes a client that may reach the places given."""

    def make(*allowed: str, **words) -> BlockingClient:
        return cleanup.enter_context(BlockingClient(Client(allow_private=AllowPrivate.read(allowed), **words)))

    return make


@pytest.fixture(scope="session")
def authority(tmp_path_factory):
    """A certificate for api.example.test and 127.0.0.1: what the server shows, and what a client must trust for it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "api.example.test")])
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    builder = builder.serial_number(x509.random_serial_number()).not_valid_before(now - timedelta(days=1))
    builder = builder.not_valid_after(now + timedelta(days=1))
    builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName("api.example.test")]), critical=False)
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    certificate = builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
    folder = tmp_path_factory.mktemp("tls")
    plain = serialization.NoEncryption()
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
    (folder / "both.pem").write_bytes(pem + certificate)
    shown = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    shown.load_cert_chain(folder / "both.pem")
    return shown, ssl.create_default_context(cadata=certificate.decode())
