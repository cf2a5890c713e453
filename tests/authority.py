"""A time-stamping authority on loopback: ``openssl ts`` behind a socket."""

import shutil
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

_CONFIG = """
[req]
distinguished_name = dn
[dn]
[root]
basicConstraints = critical,CA:true
keyUsage = critical,keyCertSign
[stamp]
basicConstraints = critical,CA:false
keyUsage = critical,digitalSignature
extendedKeyUsage = critical,timeStamping
[tsa]
default_tsa = local
[local]
serial = {folder}/serial
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256, sha384, sha512
ess_cert_id_alg = sha256
accuracy = secs:1
"""
_KEY = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")


class LocalAuthority:
    """Its root's certificate is ``root``; ``manner`` may be changed while it runs."""

    def __init__(self, folder: Path, name: str = "test") -> None:
        if shutil.which("openssl") is None:
            pytest.skip("openssl is not installed")
        self.folder = folder / name
        self.folder.mkdir(parents=True)
        self.root = self.folder / "root.pem"
        self.manner = "honest"
        self.asked = 0
        self.url = ""
        self._config = self.folder / "openssl.cnf"
        self._config.write_text(_CONFIG.format(folder=self.folder))
        subject = ("-subj", f"/CN={name} root")
        self._openssl("req", "-x509", *_KEY, "-keyout", "root.key", "-out", "root.pem", *subject,
                      "-extensions", "root", "-config", "openssl.cnf", "-days", "30")  # fmt: skip
        self._openssl("req", *_KEY, "-keyout", "tsa.key", "-out", "tsa.csr",
                      "-subj", f"/CN={name} clock", "-config", "openssl.cnf")  # fmt: skip
        self._openssl("x509", "-req", "-in", "tsa.csr", "-CA", "root.pem", "-CAkey", "root.key",
                      "-CAcreateserial", "-days", "30", "-extfile", "openssl.cnf",
                      "-extensions", "stamp", "-out", "tsa.pem")  # fmt: skip

    def stamp(self, query: bytes) -> bytes:
        """The answer to a request, in DER."""
        (self.folder / "query").write_bytes(query)
        self._openssl("ts", "-reply", "-config", "openssl.cnf", "-queryfile", "query",
                      "-inkey", "tsa.key", "-signer", "tsa.pem", "-out", "reply")  # fmt: skip
        return (self.folder / "reply").read_bytes()

    def answer(self, query: bytes) -> tuple[int, bytes]:
        self.asked += 1
        if self.manner == "ill":
            return 503, b""
        if self.manner == "stale":  # a genuine answer, to another question
            return 200, (self.folder / "reply").read_bytes()
        if self.manner == "talkative":
            return 200, b"x" * 1_000_000
        return 200, self.stamp(query)

    def _openssl(self, *arguments: str) -> None:
        subprocess.run(["openssl", *arguments], cwd=self.folder, check=True, capture_output=True)


@contextmanager
def authority_up(folder: Path, name: str = "test") -> Iterator[LocalAuthority]:
    authority = LocalAuthority(folder, name)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            status, content = authority.answer(body)
            self.send_response(status)
            self.send_header("content-type", "application/timestamp-reply")
            self.send_header("content-length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    authority.url = f"http://127.0.0.1:{server.server_address[1]}/tsr"
    try:
        yield authority
    finally:
        server.shutdown()
        server.server_close()
