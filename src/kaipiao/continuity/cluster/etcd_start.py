"""The last step before etcd: find out whether it founds a cluster, goes on, or comes back empty.

Run as ``python -I etcd_start.py ORDERS`` by the account that runs PostgreSQL; standard library
only.  ORDERS is the JSON that ``etcd.py`` writes.

An etcd that lost its data must not come back under its old identity: it has voted for what it
no longer knows, and with one other it could outvote the truth.  So whoever has no data asks the
others first:

    they answer             it leaves (its old identity) and joins anew, which takes their quorum
    they answer, new to it  the cluster is being founded, or it was added: it joins
    nobody answers          it founds the cluster, unless it was ever alive here: then it waits
"""

import json
import os
import ssl
import sys
from collections.abc import Mapping
from http.client import HTTPException, HTTPSConnection
from pathlib import Path
from typing import Any, NamedTuple

ASK_S = 2.0
CHANGE_S = 10.0

Listed = dict[str, Any]
"""A member as etcd lists it: ID, name, peerURLs, and clientURLs once it has been alive."""


class Cluster:
    """The etcds of the members, asked over TLS."""

    def __init__(self, orders: Mapping[str, Any]) -> None:
        self._orders = orders
        self._context = ssl.create_default_context(cafile=orders["authority"])
        self._context.load_cert_chain(orders["certificate"])

    def listed(self) -> list[Listed] | None:
        """The members, as the first of the others that answers knows them."""
        for name in self._others():
            try:
                return list(self._post(name, "list", {}, ASK_S).get("members", ()))
            except (OSError, HTTPException, ValueError):
                continue
        return None

    def change(self, act: str, body: Listed) -> None:
        """Ends the process if no other did it: the next start tries again."""
        said = ""
        for name in self._others():
            try:
                self._post(name, act, body, CHANGE_S)
            except (OSError, HTTPException, ValueError) as error:
                said = f"{name}: {error}"
            else:
                return
        sys.exit(f"no other member could {act} this one: {said}")

    def _others(self) -> list[str]:
        return [name for name in self._orders["members"] if name != self._orders["name"]]

    def _post(self, name: str, act: str, body: Listed, within_s: float) -> dict[str, Any]:
        address, port = self._orders["members"][name], self._orders["client_port"]
        line = HTTPSConnection(address, port, timeout=within_s, context=self._context)
        try:
            line.request("POST", f"/v3/cluster/member/{act}", json.dumps(body))
            answer = line.getresponse()
            content = answer.read()
            if answer.status != 200:
                raise ValueError(f"{answer.status} {content[:300]!r}")
            found: dict[str, Any] = json.loads(content)
            return found
        finally:
            line.close()


class Membership(NamedTuple):
    """What etcd is told of its cluster; it looks at neither once it has data."""

    state: str
    urls: dict[str, str]  # by name, those of all members, ours included


def join(orders: Mapping[str, Any], cluster: Cluster) -> Membership:
    """See to our membership.  Ends the process where it has to wait."""
    described = {name: peer_url(orders, name) for name in orders["members"]}
    if (Path(orders["data"]) / "member").is_dir():
        return Membership("existing", described)
    listed = cluster.listed()
    if listed is None:
        if Path(orders["mark"]).exists():
            sys.exit("the data is gone, and no other etcd answers: it waits for one that does")
        return Membership("new", described)
    name, url = orders["name"], described[orders["name"]]
    ours = next((one for one in listed if url in one.get("peerURLs", ())), None)
    if ours is not None and ours.get("clientURLs"):
        print(f"the data is gone: leaving as {ours['ID']} and joining anew", flush=True)
        cluster.change("remove", {"ID": ours["ID"]})
        ours = None
    if ours is None:
        cluster.change("add", {"peerURLs": [url]})
    names = {one: name for name, one in described.items()}
    others = [one["peerURLs"][0] for one in listed if url not in one.get("peerURLs", ())]
    return Membership("existing", {name: url} | {names.get(one, one[8:]): one for one in others})


def peer_url(orders: Mapping[str, Any], name: str) -> str:
    return f"https://{orders['members'][name]}:{orders['peer_port']}"


def compose_command(orders: Mapping[str, Any], membership: Membership) -> list[str]:
    """All of etcd's arguments; none of them is a secret."""
    name, address = orders["name"], orders["members"][orders["name"]]
    client, peer = f"https://{address}:{orders['client_port']}", peer_url(orders, name)
    cluster = ",".join(f"{one}={url}" for one, url in membership.urls.items())
    own, authority = orders["certificate"], orders["authority"]
    settings = {
        "name": name,
        "data-dir": orders["data"],
        "listen-client-urls": client,
        "advertise-client-urls": client,
        "listen-peer-urls": peer,
        "initial-advertise-peer-urls": peer,
        "initial-cluster": cluster,
        "initial-cluster-state": membership.state,
        "initial-cluster-token": orders["cluster"],
        **dict.fromkeys(("cert-file", "key-file", "peer-cert-file", "peer-key-file"), own),
        **dict.fromkeys(("trusted-ca-file", "peer-trusted-ca-file"), authority),
        **dict.fromkeys(("client-cert-auth", "peer-client-cert-auth"), "true"),
        **orders["settings"],
    }
    return [orders["binary"], *(f"--{option}={value}" for option, value in settings.items())]


def main(file: str) -> None:
    orders = json.loads(Path(file).read_bytes())
    command = compose_command(orders, join(orders, Cluster(orders)))
    os.execv(command[0], command)


if __name__ == "__main__":
    main(sys.argv[1])
