"""Members know each other by certificates of the cluster's own authority, and nobody else."""

import socket
import ssl
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509

from kaipiao.app.bundles import AUTHORITY, make_bundles, renew_certificates
from kaipiao.continuity.cluster.certificates import MEMBER_VALID, NoAuthority, issue, open_authority
from kaipiao.continuity.cluster.places import Tls
from kaipiao.continuity.cluster.tls import CertificatesMissing, context_of, tls_here, tls_of
from tests.unit.continuity.clusters import TEXT, describe, with_bundles

ON_LOOPBACK = TEXT.replace('"192.0.2.1"', '"127.0.0.1"')


def bundles(folder: Path) -> Path:
    """Those of a cluster whose n1 lives on loopback."""
    folder.mkdir()
    make_bundles(describe(folder, ON_LOOPBACK), folder / "bundles")
    return folder / "bundles"


def tls(bundles: Path, member: str) -> Tls:
    return tls_of(bundles / member / "secrets")


def ask(server: Tls, client: ssl.SSLContext) -> bytes:
    """One line from a member that listens on 127.0.0.1 and asks its callers for a certificate."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=str(server.authority))
    context.load_cert_chain(server.member)
    context.verify_mode = ssl.CERT_REQUIRED
    door = socket.create_server(("127.0.0.1", 0))

    def answer() -> None:
        try:
            with context.wrap_socket(door.accept()[0], server_side=True) as line:
                line.sendall(b"here")
        except OSError:
            pass  # it is the client that says what went wrong

    with door:
        thread = threading.Thread(target=answer)
        thread.start()
        try:
            plain = socket.create_connection(door.getsockname(), timeout=5)
            with client.wrap_socket(plain, server_hostname="127.0.0.1") as line:
                return line.recv(4)
        finally:
            thread.join()


def test_a_member_is_heard_by_another_and_proves_its_address(tmp_path: Path) -> None:
    ours = bundles(tmp_path / "a")

    assert ask(tls(ours, "n1"), context_of(tls(ours, "n2"))) == b"here"
    with pytest.raises(ssl.SSLCertVerificationError, match="IP address mismatch"):
        ask(tls(ours, "n2"), context_of(tls(ours, "n1")))


def test_another_clusters_member_and_one_without_a_certificate_are_not_heard(
    tmp_path: Path,
) -> None:
    ours, theirs = bundles(tmp_path / "a"), bundles(tmp_path / "b")
    bare = ssl.create_default_context(cafile=str(tls(ours, "n1").authority))
    forged = ssl.create_default_context(cafile=str(tls(ours, "n1").authority))
    forged.load_cert_chain(tls(theirs, "n1").member)

    with pytest.raises(ssl.SSLCertVerificationError):
        ask(tls(theirs, "n1"), context_of(tls(ours, "n1")))
    for stranger in (bare, forged):
        with pytest.raises(OSError):
            assert ask(tls(ours, "n1"), stranger)


def test_a_renewed_certificate_is_heard_by_those_that_are_not_renewed(tmp_path: Path) -> None:
    ours = bundles(tmp_path / "a")
    before, old = tls(ours, "n1").member.read_bytes(), context_of(tls(ours, "n2"))
    cluster = describe(ours.parent, ON_LOOPBACK)

    assert len(renew_certificates(cluster, ours)) == 3
    assert tls(ours, "n1").member.read_bytes() != before
    assert ask(tls(ours, "n1"), old) == b"here"
    assert tls(ours, "n1").member.stat().st_mode & 0o077 == 0


def test_only_the_authority_that_made_them_renews(tmp_path: Path) -> None:
    cluster = describe(tmp_path)

    with pytest.raises(NoAuthority, match="cluster init"):
        renew_certificates(cluster, tmp_path / "elsewhere")


def test_its_key_leaves_with_no_bundle(tmp_path: Path) -> None:
    ours = bundles(tmp_path / "a")
    key = (ours / AUTHORITY / "ca.key").read_bytes()

    assert (ours / AUTHORITY / "ca.key").stat().st_mode & 0o077 == 0
    for member in ("n1", "n2", "n3"):
        assert all(key not in p.read_bytes() for p in (ours / member).rglob("*") if p.is_file())


def test_a_certificate_names_its_member_and_ends(tmp_path: Path) -> None:
    ours, now = bundles(tmp_path / "a"), datetime(2026, 11, 25, tzinfo=UTC)
    cluster = describe(ours.parent, ON_LOOPBACK)
    issue(open_authority(ours / AUTHORITY), cluster, cluster.member("n3"), tmp_path, now=now)

    one = x509.load_pem_x509_certificate((tmp_path / "member.pem").read_bytes())
    names = one.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["n3.zj"]
    assert [str(a) for a in names.get_values_for_type(x509.IPAddress)] == ["192.0.2.3"]
    assert one.not_valid_after_utc == now + MEMBER_VALID
    assert one.not_valid_before_utc <= now - timedelta(hours=1), "a clock may be behind"


def test_a_machine_without_certificates_is_told_what_to_type(tmp_path: Path) -> None:
    with pytest.raises(CertificatesMissing, match="kaipiao cluster init"):
        tls_here(describe(tmp_path))
    assert tls_here(with_bundles(tmp_path)).member.exists()
