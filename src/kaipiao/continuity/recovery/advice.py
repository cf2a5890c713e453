"""What a person types next, for each finding that is left to a person."""

from kaipiao.continuity.recovery.finding import Finding, Kind

FILE = "FILE"
"""Stands for the cluster's description."""

OF_MEMBERS = ("tls/ca.crt", "tls/member.pem")
"""The cluster's own certificates, by which its members know each other."""

COMMANDS: dict[Kind, str] = {
    "no-answer": f"kaipiao cluster status {FILE}",
    "no-primary": f"kaipiao cluster status {FILE}",
    "paused": f"kaipiao cluster resume {FILE}",
    "member-away": f"kaipiao node up --member {{about}} {FILE}",
    "patroni-silent": f"kaipiao node up --member {{about}} {FILE}",
    "standby-broken": f"kaipiao cluster reinit {FILE} {{about}}",
    "standby-adrift": f"kaipiao cluster reinit {FILE} {{about}}",
    "standby-behind": f"kaipiao cluster status {FILE}",
    "member-disk-short": "kaipiao archive",
    "quorum-edge": f"kaipiao cluster status {FILE}",
    "cell-stopped": "kaipiao up --data {about}",
    "cell-silent": "kaipiao doctor",
    "worker-silent": "kaipiao doctor",
    "disk-short": "kaipiao archive",
    "slot-stuck": "kaipiao backup stream",
    "slot-lost": "kaipiao backup stream --anew",
    "certificate-ends": "kaipiao doctor",
    "vendor-away": "kaipiao seal vendors",
}


def command_for(finding: Finding) -> str:
    """The command, with FILE where the description's name belongs."""
    if finding.kind == "certificate-ends" and finding.about.endswith(OF_MEMBERS):
        return f"kaipiao cluster renew {FILE} -o DIR"
    return COMMANDS[finding.kind].format(about=finding.about)
