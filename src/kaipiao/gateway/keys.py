"""``/v1/keys``: API keys.  A secret is shown once, when its key is made."""

from litestar import delete, get, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import JSONBody

from kaipiao.errors import NotAllowed
from kaipiao.gateway import parameters
from kaipiao.gateway.acts import Acts
from kaipiao.gateway.asks import KeyAsk
from kaipiao.gateway.calls import AnyRequest, caller_of
from kaipiao.gateway.identity import compose_key_id, compose_token, hash_token
from kaipiao.gateway.refusals import NoSuchKey
from kaipiao.gateway.shapes import KeyList, NewKey, view_key
from kaipiao.gateway.wiring import Services
from kaipiao.ports import ApiKey


class KeyCalls:
    def __init__(self, services: Services) -> None:
        self._acts = Acts(services)
        self._directory = services.directory
        self._clock = services.clock

    def handlers(self) -> list[HTTPRouteHandler]:
        return [
            post("/v1/keys", operation_id="create_key")(self.create),
            get("/v1/keys", operation_id="list_keys")(self.list_keys),
            delete("/v1/keys/{key_id:str}", operation_id="revoke_key")(self.revoke),
        ]

    async def create(self, request: AnyRequest, data: JSONBody[KeyAsk]) -> NewKey:
        """Make a key.  Nobody gives what they do not have: not a permission, not a taxpayer."""
        caller = caller_of(request, "admin")
        check_within(caller, data)
        key_id = compose_key_id()
        secret = compose_token(key_id)
        key = ApiKey(
            key_id=key_id,
            tenant=data.tenant,
            name=data.name,
            may=frozenset(data.may),
            taxpayers=frozenset(data.taxpayers),
            created_at=self._clock.now(),
            expires_at=data.expires_at,
        )
        given = {"tenant": key.tenant, "name": key.name, "expires_at": key.expires_at}
        async with self._acts.doing(
            request,
            "key.create",
            key_id,
            rule="admin",
            may=key.may,
            taxpayers=key.taxpayers,
            **given,
        ):
            await self._directory.add_key(key, hash_token(secret))
        return NewKey(key=view_key(key), secret=secret)

    async def list_keys(self, request: AnyRequest) -> KeyList:
        """All keys, or those of the caller's tenant if it does not act for everyone."""
        caller = caller_of(request, "admin")
        keys = await self._directory.keys()
        return KeyList(keys=tuple(view_key(key) for key in keys if may_manage(caller, key)))

    async def revoke(self, request: AnyRequest, key_id: parameters.KeyPath) -> None:
        """End a key.  It stops working everywhere within a few seconds."""
        caller = caller_of(request, "admin")
        found = [key for key in await self._directory.keys() if key.key_id == key_id]
        if not found:
            raise NoSuchKey
        if not may_manage(caller, found[0]):
            raise NoSuchKey from NotAllowed(what="a key of others")
        async with self._acts.doing(request, "key.revoke", key_id, rule="admin"):
            await self._directory.revoke(key_id, at=self._clock.now())


def may_manage(caller: ApiKey, key: ApiKey) -> bool:
    return "*" in caller.taxpayers or caller.tenant == key.tenant


def check_within(caller: ApiKey, ask: KeyAsk) -> None:
    """Raises NotAllowed if the new key would be mightier than the caller."""
    excess = {str(one) for one in ask.may} - caller.may
    if "*" not in caller.taxpayers:
        excess |= set(ask.taxpayers) - caller.taxpayers
        excess |= {ask.tenant} - {caller.tenant}
    if excess:
        raise NotAllowed(what=f"admin: {', '.join(sorted(excess))}")
