"""What watches over the programs of a member that holds data: no state is without a way out."""

from collections.abc import Callable, Coroutine, Iterator, Sequence
from functools import partial

from kaipiao.continuity.cluster import pulse, route
from kaipiao.continuity.cluster.description import Description, Member
from kaipiao.continuity.cluster.kept import Kept
from kaipiao.continuity.cluster.mender import Mender
from kaipiao.continuity.cluster.places import home_of
from kaipiao.continuity.cluster.tls import context_of, tls_of
from kaipiao.continuity.cluster.view import api
from kaipiao.continuity.cluster.words import Sentence


def watches(
    description: Description,
    member: Member,
    programs: Sequence[Kept],
    tell: Callable[[Sentence], None],
) -> Iterator[Coroutine[None, None, None]]:
    """Each runs until it is cancelled.  The cell watches over its own processes."""
    by_role = {kept.role: kept for kept in programs}
    url = f"{api(description, member)}/liveness"
    secrets = home_of(description, member).secrets
    context = context_of(tls_of(secrets)) if url.startswith("https:") else None
    admin = f"http://{route.LOOPBACK}:{description.ports.route_admin}/ready"
    asks = {
        "patroni": (pulse.PATRONI, partial(pulse.status_of, url, context)),
        "route": (pulse.ROUTE, partial(pulse.status_of, admin)),
    }
    for role, (patience, ask) in asks.items():
        yield pulse.watch(by_role[role], patience, ask, tell)
    yield Mender(description, member, by_role["patroni"], tell=tell).run()
