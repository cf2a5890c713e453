"""Bad input gets a clear answer with everything that is wrong, and leaves no trace."""

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import httpx
import pytest
import pytest_asyncio

from kaipiao.fiscal.money import MAX_FEN
from kaipiao.gateway.limits import Limits
from kaipiao.ledger.store import Store
from tests.clocks import StoppedClock
from tests.gateway_bench import Bench, as_json, named, open_bench
from tests.stores import NOVEMBER
from tests.strategies import SELLER, company, lawful_draft, make_line

GOOD = as_json(lawful_draft())
TEXT = json.dumps(GOOD, ensure_ascii=False)
KEY = "bad-1"
JSON = "application/json"

Refused = Callable[[bytes | str], Awaitable[dict[str, Any]]]


@pytest_asyncio.fixture
async def refused(client: httpx.AsyncClient, bench: Bench) -> AsyncIterator[Refused]:
    """Post a body and return the problem; at the end, look everywhere for a trace."""
    left_fen = await bench.left_fen()

    async def post(body: bytes | str) -> dict[str, Any]:
        headers = named(KEY, **{"content-type": JSON})
        answer = await client.post("/v1/invoices", content=body, headers=headers)
        problem: dict[str, Any] = answer.json()
        assert answer.headers["content-type"] == "application/problem+json"
        assert problem["status"] == answer.status_code
        assert problem["zh"]
        assert problem["en"]
        assert problem["retryable"] is False
        return problem

    yield post
    seller = {"seller": SELLER.taxpayer_id}
    assert await bench.left_fen() == left_fen
    assert (await client.get("/v1/invoices", params=seller | {"key": KEY})).json()["invoices"] == []
    await bench.store.order.sequence()
    assert (await client.get("/v1/invoices", params=seller)).json()["invoices"] == []
    await must_be_free(client)


async def must_be_free(client: httpx.AsyncClient) -> None:
    """The key that was refused still issues, and as the first number of all."""
    answer = await client.post("/v1/invoices", json=GOOD, headers=named(KEY))
    assert answer.status_code == 201, answer.text
    assert answer.json()["number"].endswith("000000000000001")


def codes(problem: dict[str, Any]) -> list[tuple[str, str]]:
    return [(one["path"], one["code"]) for one in problem["violations"]]


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", "not-json"),
        (b"{", "not-json"),
        (TEXT.encode()[:-1], "not-json"),
        (TEXT.encode() + b"x", "not-json"),
        (b"\xef\xbb\xbf" + TEXT.encode(), "not-json"),
        (TEXT.encode("gb18030"), "not-utf8"),
        (b'{"kind": "\xed\xa0\x80"}', "not-utf8"),
        (b"[" * 100_000, "too-deep"),
        (b'{"kind":' * 20_000, "too-deep"),
        (b"null", "wrong-type"),
        (b"[]", "wrong-type"),
        (b"NaN", "not-json"),
    ],
)
async def test_what_is_no_draft_at_all(refused: Refused, body: bytes, code: str) -> None:
    problem = await refused(body)

    assert problem["code"] == "malformed"
    assert problem["status"] == 400
    assert codes(problem) == [("", code)]


async def test_every_wrong_type_is_told_at_once(refused: Refused) -> None:
    lines = [
        {**GOOD["lines"][0], "net_fen": "100", "rate_bp": 13.0, "unit": None},
        {**GOOD["lines"][1], "net_fen": 1e400, "colour": "red"},
        "no line",
        {**GOOD["lines"][2], "net_fen": True, "nature": "free"},
    ]
    draft = {**GOOD, "lines": lines, "kind": "secret", "buyer": []}
    del draft["issuer"]

    problem = await refused(json.dumps(draft).replace("Infinity", "1e400"))

    assert sorted(codes(problem)) == [
        ("/buyer", "wrong-type"),
        ("/issuer", "missing-member"),
        ("/kind", "not-a-choice"),
        ("/lines/0/net_fen", "wrong-type"),
        ("/lines/0/rate_bp", "wrong-type"),
        ("/lines/0/unit", "wrong-type"),
        ("/lines/1/colour", "unknown-member"),
        ("/lines/1/net_fen", "wrong-type"),
        ("/lines/2", "wrong-type"),
        ("/lines/3/nature", "not-a-choice"),
        ("/lines/3/net_fen", "wrong-type"),
    ]


async def test_rules_are_told_beside_faults(refused: Refused) -> None:
    """A wrong type in one place does not hide a wrong rate in another."""
    lines = [{**GOOD["lines"][0], "spec": 4}, {**GOOD["lines"][1], "rate_bp": 1234}]
    draft = {**GOOD, "lines": lines, "colour": "red"}

    problem = await refused(json.dumps(draft))

    assert problem["code"] == "malformed"
    found = codes(problem)
    assert ("/lines/0/spec", "wrong-type") in found
    assert ("/colour", "unknown-member") in found
    assert [path for path, _ in found if path.startswith("/lines/1/rate_bp")]


async def test_a_member_given_twice_is_ambiguous(refused: Refused) -> None:
    twice = TEXT.replace('"net_fen": 10000', '"net_fen": 1, "net_fen": 10000', 1)
    problem = await refused(twice)
    hidden = TEXT.replace('"net_fen": 10000', '"net_fen": 1, "net\\u005ffen": 10000', 1)
    also = await refused(hidden)

    assert codes(problem) == codes(also) == [("/lines/0/net_fen", "repeated-member")]


@pytest.mark.parametrize("escape", ["\\ud800", "\\udc00", "\\ud800x", "\\udc00\\ud800"])
async def test_unpaired_surrogates(refused: Refused, escape: str) -> None:
    problem = await refused(TEXT.replace('"赵示例"', f'"赵{escape}"'))

    assert codes(problem) == [("/issuer", "unpaired-surrogate")]


@pytest.mark.parametrize("escape", ["\\u0000", "\\u0007", "\\u001b"])
async def test_nul_and_other_control_characters(refused: Refused, escape: str) -> None:
    problem = await refused(TEXT.replace('"赵示例"', f'"赵{escape}"'))

    assert problem["code"] == "rules-broken"
    assert [path for path, _ in codes(problem)] == ["/issuer"]


async def test_a_raw_nul_is_no_json(refused: Refused) -> None:
    assert codes(await refused(TEXT.replace('"赵示例"', '"赵\0"')))[0][1] == "not-json"


async def test_two_thousand_and_one_lines(refused: Refused) -> None:
    draft = as_json(lawful_draft(lines=tuple(make_line() for _ in range(2001))))

    problem = await refused(json.dumps(draft))

    assert problem["status"] == 422
    assert [path for path, _ in codes(problem)] == ["/lines"]


async def test_ten_megabytes(refused: Refused) -> None:
    padded = json.dumps({**GOOD, "remark": "x" * 10_000_000})

    problem = await refused(padded)

    assert (problem["code"], problem["status"]) == ("body-too-large", 413)
    assert problem["facts"]["limit_bytes"] == Limits().max_body_bytes


async def test_ten_megabytes_that_do_not_say_so(client: httpx.AsyncClient) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        for _ in range(10):
            yield b" " * 1_000_000

    answer = await client.post(
        "/v1/invoices", content=pieces(), headers=named(KEY, **{"content-type": JSON})
    )

    assert answer.json()["code"] == "body-too-large"


@pytest.mark.parametrize("net_fen", [MAX_FEN + 1, 10**30, 2**63, 2**64, -1, 0])
async def test_amounts_beyond_the_edge(refused: Refused, net_fen: int) -> None:
    line = {**GOOD["lines"][0], "net_fen": net_fen, "quantity": "", "unit_price": ""}

    problem = await refused(json.dumps({**GOOD, "lines": [line]}))

    assert problem["code"] == "rules-broken"


@pytest.mark.parametrize("digits", [5_000, 4_000_000])
async def test_a_number_of_very_many_digits(refused: Refused, digits: int) -> None:
    body = TEXT.replace('"net_fen": 10000', f'"net_fen": {"9" * digits}', 1)

    assert codes(await refused(body)) == [("/lines/0/net_fen", "wrong-type")]


async def test_a_rate_that_is_not_in_force(refused: Refused) -> None:
    lines = [{**GOOD["lines"][0], "rate_bp": 1700}]

    problem = await refused(json.dumps({**GOOD, "lines": lines}))

    assert problem["code"] == "rules-broken"
    assert "/lines/0/rate_bp" in [path for path, _ in codes(problem)]


async def test_a_seller_without_a_credit_line(client: httpx.AsyncClient, bench: Bench) -> None:
    poor = company(77, "贸易")
    answer = await client.post(
        "/v1/invoices", json=as_json(lawful_draft(seller=poor)), headers=named(KEY)
    )

    assert (answer.status_code, answer.json()["code"]) == (409, "credit-line-missing")
    found = await client.get("/v1/invoices", params={"seller": poor.taxpayer_id, "key": KEY})
    assert found.json()["invoices"] == []
    assert await bench.store.credit.line(poor.taxpayer_id, month=NOVEMBER) is None


async def test_more_than_the_credit_line(client: httpx.AsyncClient, bench: Bench) -> None:
    rich = make_line(net_fen=10**9 + 1, quantity="", unit_price="")
    left_fen = await bench.left_fen()
    answer = await client.post(
        "/v1/invoices", json=as_json(lawful_draft(lines=(rich,))), headers=named(KEY)
    )

    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (409, "credit-line-exhausted")
    assert problem["facts"] == {"asked_fen": 10**9 + 1, "left_fen": left_fen}
    assert await bench.left_fen() == left_fen
    await must_be_free(client)


async def test_a_reused_key_with_another_body(client: httpx.AsyncClient, bench: Bench) -> None:
    first = await client.post("/v1/invoices", json=GOOD, headers=named(KEY))
    left_fen = await bench.left_fen()
    other = await client.post("/v1/invoices", json={**GOOD, "remark": "other"}, headers=named(KEY))

    assert (other.status_code, other.json()["code"]) == (422, "key-reused")
    assert await bench.left_fen() == left_fen
    still = await client.post("/v1/invoices", json=GOOD, headers=named(KEY))
    assert still.content == first.content


@pytest.mark.parametrize("key", [None, "", "two words", "x" * 129, "tab\t", "é"])
async def test_an_unusable_key(client: httpx.AsyncClient, bench: Bench, key: str | None) -> None:
    left_fen = await bench.left_fen()
    headers = {} if key is None else {"idempotency-key": key.encode("latin-1")}
    answer = await client.post("/v1/invoices", json=GOOD, headers=headers)

    assert (answer.status_code, answer.json()["code"]) == (400, "key-missing")
    assert await bench.left_fen() == left_fen


async def test_a_red_letter_sent_as_an_invoice(refused: Refused) -> None:
    reversal = {"original": "26311000000000000001", "reason": "01", "lines": [0]}

    problem = await refused(json.dumps({**GOOD, "reversal": reversal}))

    assert problem["code"] == "rules-broken"


async def test_other_kinds_of_content(client: httpx.AsyncClient) -> None:
    for headers in (
        {"content-type": "text/xml"},
        {"content-type": JSON, "content-encoding": "gzip"},
    ):
        answer = await client.post(
            "/v1/invoices", content=TEXT.encode(), headers=named(KEY, **headers)
        )
        assert (answer.status_code, answer.json()["code"]) == (415, "wrong-media-type")
    with_charset = {"content-type": "application/json; charset=utf-8"}
    answer = await client.post(
        "/v1/invoices", content=TEXT.encode(), headers=named(KEY, **with_charset)
    )
    assert answer.status_code == 201


async def test_very_many_faults_are_counted_and_not_all_spelled_out(
    store: Store, clock: StoppedClock
) -> None:
    bench = await open_bench(store, clock, limits=Limits(max_violations=10))
    async with bench.client(await bench.key()) as client:
        lines = [{**GOOD["lines"][0], "colour": "red"}] * 25
        answer = await client.post(
            "/v1/invoices", json={**GOOD, "lines": lines}, headers=named(KEY)
        )

    assert len(answer.json()["violations"]) == 10
    assert answer.json()["violations_left_out"] == 15


@pytest.mark.parametrize("character", ["\U0002a6d6", "😀", "\\ud869\\uded6", "\u0e01"])
async def test_a_character_that_no_page_could_show_is_refused_by_its_name(
    refused: Refused, character: str
) -> None:
    problem = await refused(TEXT.replace("赵示例", f"赵{character}"))

    assert codes(problem) == [("/issuer", "text-character-not-shown")]
    (objection,) = problem["violations"]
    assert "Character 2 of the issuer, U+" in objection["en"]
    assert "请改用" in objection["zh"]
