"""Whoever is told: HTTP endpoints of every temper, and a real mail server, on loopback."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any, NamedTuple

import standardwebhooks
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


class Call(NamedTuple):
    """One request as it came."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def webhook_id(self) -> str:
        return self.headers["webhook-id"]

    def verify(self, secret: str) -> Any:
        """By the reference receiver of Standard Webhooks; raises if we signed wrongly."""
        return standardwebhooks.Webhook(secret).verify(self.body.decode(), self.headers)


class Endpoint:
    """Answers by path: ``/ok`` 204, ``/NNN`` that status, ``/slow`` after a while, ``/hang``
    never, ``/flood`` without end, ``/redirect`` to ``/ok``, ``/toggle`` what ``status`` says.
    """

    def __init__(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self.port = port
        self.calls: list[Call] = []
        self.status = 500
        self.slow_s = 1.0
        self.begun = asyncio.Event()

    def count(self, path: str) -> int:
        return sum(call.path == path for call in self.calls)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                await self._answer(head, reader, writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    async def _answer(
        self, head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        first, *lines = head.decode().split("\r\n")
        headers = dict(
            line.lower().split(": ", 1)[:1] + line.split(": ", 1)[1:] for line in lines if line
        )
        body = await reader.readexactly(int(headers.get("content-length", "0")))
        path = first.split(" ")[1]
        self.calls.append(Call(path, headers, body))
        self.begun.set()
        if path == "/hang":
            await asyncio.sleep(3_600)
        if path == "/slow":
            await asyncio.sleep(self.slow_s)
        status = {"/ok": 204, "/slow": 204, "/toggle": self.status, "/redirect": 302}.get(path)
        if path == "/flood":
            writer.write(b"HTTP/1.1 500 x\r\n\r\n")
            while True:
                writer.write(b"x" * 65_536)
                await writer.drain()
        text = b"" if status == 204 else b'{"said": "\x1b[31mno"}'
        more = b"location: /ok\r\n" if path == "/redirect" else b""
        writer.write(
            b"HTTP/1.1 %d x\r\n%bcontent-length: %d\r\n\r\n%b"
            % (status or int(path[1:4]), more, len(text), text)
        )
        await writer.drain()


@asynccontextmanager
async def open_endpoint() -> AsyncIterator[Endpoint]:
    endpoints: list[Endpoint] = []
    server = await asyncio.start_server(
        lambda reader, writer: endpoints[0].serve(reader, writer), "127.0.0.1", 0, backlog=4_096
    )
    endpoints.append(Endpoint(server.sockets[0].getsockname()[1]))
    try:
        yield endpoints[0]
    finally:
        server.close()


class Mailbox:
    """What a mail server took, and what it says to readers whose name is a reply code."""

    def __init__(self) -> None:
        self.mails: list[EmailMessage] = []
        self.readers: list[str] = []
        self.tries: list[str] = []

    async def handle_RCPT(
        self, server: SMTP, session: Any, envelope: Any, address: str, options: list[str]
    ) -> str:
        self.tries.append(address)
        name = address.partition("@")[0]
        if name.isdigit():
            return f"{name} told by the reader's name"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Any, envelope: Any) -> str:
        mail = message_from_bytes(envelope.content, policy=policy.default)
        assert isinstance(mail, EmailMessage)
        self.mails.append(mail)
        self.readers += envelope.rcpt_tos
        return "250 taken"


class MailServer(NamedTuple):
    box: Mailbox
    port: int


USER, PASSWORD = "courier", "secret of the relay"


@asynccontextmanager
async def open_mail_server(folder: Path, *, secure: bool = True) -> AsyncIterator[MailServer]:
    """A server that wants STARTTLS and a sign-in before anything else, or nothing at all."""
    box = Mailbox()
    more: dict[str, Any] = {}
    if secure:
        more = {
            "tls_context": server_context(folder),
            "require_starttls": True,
            "auth_required": True,
            "authenticator": _authenticate,
        }
    controller = Controller(box, hostname="127.0.0.1", port=_free_port(), **more)
    controller.start()
    try:
        yield MailServer(box, controller.port)
    finally:
        controller.stop()


def _authenticate(_server: Any, _session: Any, _envelope: Any, _mechanism: str, data: Any) -> Any:
    given = isinstance(data, LoginPassword) and (data.login.decode(), data.password.decode())
    return AuthResult(success=given == (USER, PASSWORD), handled=False)


def _free_port() -> int:
    import socket

    with socket.create_server(("127.0.0.1", 0)) as taken:
        port: int = taken.getsockname()[1]
        return port


def server_context(folder: Path) -> ssl.SSLContext:
    """For ``localhost``; whoever is to trust it is given ``folder/cert.pem``."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    (folder / "cert.pem").write_bytes(certificate.public_bytes(pem))
    (folder / "key.pem").write_bytes(
        key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "cert.pem", folder / "key.pem")
    return context


async def until(holds: Callable[[], bool], within_s: float, why: str) -> None:
    deadline = asyncio.get_running_loop().time() + within_s
    while not holds():
        assert asyncio.get_running_loop().time() < deadline, why
        await asyncio.sleep(0.02)
