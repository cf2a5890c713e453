"""TLS between members: each shows a certificate of the cluster's own authority, and asks for one.

    secrets/tls/ca.crt       the authority's certificate, the same on every member
    secrets/tls/member.pem   the member's certificate and its key, in one file: never half renewed

``node up`` copies both to FOLDER/MEMBER/tls/ for the account that runs PostgreSQL.
"""

import ssl
from pathlib import Path

from kaipiao.base.unreadable import Unreadable
from kaipiao.continuity.cluster.description import Description
from kaipiao.continuity.cluster.places import AUTHORITY, MEMBER, Tls, home_of

FOLDER = "tls"


class CertificatesMissing(Unreadable):
    """This machine has no certificate of the cluster, so no member would listen to it."""

    def __init__(self, folder: Path) -> None:
        super().__init__(
            str(folder),
            zh=f"缺少集群证书 {AUTHORITY}、{MEMBER}。请执行 kaipiao cluster init, 并把该成员的 "
            "secrets 文件夹放到此处。",
            en=f"the cluster's certificates {AUTHORITY} and {MEMBER} are missing. Type kaipiao "
            "cluster init, and put the member's folder secrets there.",
        )


def tls_of(secrets: Path) -> Tls:
    """Raises CertificatesMissing."""
    tls = Tls(secrets / FOLDER)
    if not (tls.authority.exists() and tls.member.exists()):
        raise CertificatesMissing(tls.folder)
    return tls


def tls_here(description: Description) -> Tls:
    """Of the member that lives here; in a lab, the first.  Raises CertificatesMissing."""
    homes = [home_of(description, member) for member in description.members]
    here = next((home for home in homes if (home.secrets / FOLDER).exists()), homes[0])
    return tls_of(here.secrets)


def context_of(tls: Tls) -> ssl.SSLContext:
    """To ask a member: only the cluster's own authority counts, and we show who we are."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_verify_locations(tls.authority)
    context.load_cert_chain(tls.member)
    return context
