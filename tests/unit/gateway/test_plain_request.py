"""What is taken at a glance, the parser reads the same; what is doubtful is never taken."""

from typing import Any

import httptools
import pytest
from hypothesis import event, example, given, settings
from hypothesis import strategies as st

from kaipiao.gateway.plain_request import (
    LINE,
    MAX_BODY_BYTES,
    NEVER,
    TAKEN,
    Parcel,
    is_head,
    scan,
    slow_scan,
)

MAX_HEADERS = 12
BODY = b'{"kind":"ordinary"}'
HEAD = {
    b"Host": b"cell:8720",
    b"Authorization": b"Bearer kp_k1_00",
    b"Content-Type": b"application/json",
    b"Idempotency-Key": b"sale-1",
    b"Content-Length": b"%d" % len(BODY),
}
PLAIN: Parcel = (b"Bearer kp_k1_00", "sale-1", b"", b"", BODY)
SCANS = [slow_scan] if scan is slow_scan else [slow_scan, scan]


def compose(headers: dict[bytes, bytes] | list[tuple[bytes, bytes]], body: bytes = BODY) -> bytes:
    pairs = headers.items() if isinstance(headers, dict) else headers
    return LINE + b"".join(b"%b: %b\r\n" % pair for pair in pairs) + b"\r\n" + body


def changed(body: bytes = BODY, **headers: bytes) -> bytes:
    """The plain request with other headers; an empty one is left out."""
    given = HEAD | {name.replace("_", "-").encode(): value for name, value in headers.items()}
    return compose({name: value for name, value in given.items() if value}, body)


class Reading:
    """What the parser makes of the same bytes."""

    def __init__(self, data: bytes) -> None:
        self.url = self.body = b""
        self.headers: list[tuple[bytes, bytes]] = []
        self.begun = self.completed = 0
        self.parser: Any = httptools.HttpRequestParser(self)
        self.parser.feed_data(data)

    def on_message_begin(self) -> None:
        self.begun += 1

    def on_url(self, url: bytes) -> None:
        self.url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        self.headers.append((name.lower(), value))

    def on_body(self, body: bytes) -> None:
        self.body += body

    def on_message_complete(self) -> None:
        self.completed += 1

    def parcel(self) -> Parcel:
        given = dict(self.headers)
        return (
            given[b"authorization"],
            given[b"idempotency-key"].decode(),
            given.get(b"x-request-id", b""),
            given.get(b"accept-language", b""),
            self.body,
        )


def check_read_alike(data: bytes, parcel: Parcel) -> None:
    read = Reading(data)
    names = [name for name, _ in read.headers]
    parser = read.parser
    assert (read.begun, read.completed) == (1, 1)
    assert (parser.get_method(), read.url, parser.get_http_version()) == (
        b"POST",
        b"/v1/invoices",
        "1.1",
    )
    assert parser.should_keep_alive()
    assert not parser.should_upgrade()
    assert read.parcel() == parcel
    assert NEVER.isdisjoint(names)
    assert all(names.count(name) <= 1 for name in TAKEN)
    assert len(names) <= MAX_HEADERS
    parser.feed_data(b"G")  # whatever comes next is another request
    assert read.begun == 2


NAMES = st.sampled_from(
    [
        *HEAD,
        *NEVER,
        b"Connection",
        b"X-Request-Id",
        b"Accept-Language",
        b"content-length",
        b"CONTENT-LENGTH",
        b"Content_Length",
        b"Content-Length ",
        b" Content-Length",
        b"Content-Length\t",
        b"Transfer-encoding",
        b"x",
        b"",
        b"Accept",
        b"Te",
        b"\xe4",
    ]
)
VALUES = st.sampled_from(
    [
        *HEAD.values(),
        b"keep-alive",
        b"Keep-Alive",
        b"close",
        b"keep-alive, close",
        b"upgrade",
        b"chunked",
        b"identity",
        b"0",
        b"00019",
        b"+19",
        b"19,19",
        b"19 ",
        b" 19",
        b"0x13",
        b"1_9",
        b"99999999999999999999",
        b"",
        b" ",
        b"\t",
        b"a b",
        b"a\tb",
        b"\xe4",
        b"x\r\n y",
        b"x\nTransfer-Encoding: chunked",
        b"x\r\nContent-Length: 3",
        b"application/json; charset=utf-8",
        b"zh",
        b"mine-1",
        b"\x7f",
        b"\x00",
    ]
)
some_headers = st.lists(st.tuples(NAMES, VALUES), max_size=2)


@st.composite
def nearly_plain(draw: st.DrawFn) -> bytes:
    """The plain request with headers more, headers changed, bytes changed, and bytes behind it."""
    pairs = list((HEAD | dict(draw(some_headers))).items()) + draw(some_headers)
    data = bytearray(
        compose(draw(st.permutations(pairs)), draw(st.sampled_from([BODY, b"", BODY * 2])))
    )
    for _ in range(draw(st.integers(0, 2))):
        place = draw(st.integers(0, len(data) - 1))
        data[place : place + draw(st.integers(0, 2))] = draw(st.binary(max_size=2))
    return bytes(data) + draw(st.sampled_from([b"", b"", b"", b"\r\n", b"GET / HTTP/1.1\r\n\r\n"]))


@settings(max_examples=1_000, deadline=None)
@given(nearly_plain())
@example(changed())
@example(compose([*HEAD.items(), (b"content-length", b"%d" % len(BODY))]))
@example(compose(HEAD | {b"X-Long": b"x" * 20_000}))
def test_what_is_accepted_the_parser_reads_the_same(data: bytes) -> None:
    parcel = scan(data, MAX_HEADERS)

    assert parcel == slow_scan(data, MAX_HEADERS)
    event("plain" if parcel else "not plain")
    if parcel is not None:
        check_read_alike(data, parcel)


ACCEPTED = {
    "as most write it": (changed(), PLAIN),
    "lower case": (compose({name.lower(): value for name, value in HEAD.items()}), PLAIN),
    "without spaces": (changed().replace(b": ", b":"), PLAIN),
    "kept alive": (changed(Connection=b"keep-alive"), PLAIN),
    "kept alive, spelt as of old": (changed(Connection=b"Keep-Alive"), PLAIN),
    "no media type": (changed(Content_Type=b""), PLAIN),
    "a charset": (changed(Content_Type=b"application/json; charset=utf-8"), PLAIN),
    "a language": (changed(Accept_Language=b"zh"), (*PLAIN[:3], b"zh", BODY)),
    "a name": (changed(X_Request_Id=b"mine-1"), (*PLAIN[:2], b"mine-1", b"", BODY)),
    "leading noughts": (changed(Content_Length=b"00019"), PLAIN),
    "the longest key": (changed(Idempotency_Key=b"k" * 128), (PLAIN[0], "k" * 128, b"", b"", BODY)),
    "the same name twice": (compose([*HEAD.items(), (b"Accept", b"a"), (b"accept", b"b")]), PLAIN),
}


@pytest.mark.parametrize("way", SCANS)
@pytest.mark.parametrize("name", ACCEPTED)
def test_plain_requests_are_taken(way: Any, name: str) -> None:
    data, expected = ACCEPTED[name]

    assert way(data, MAX_HEADERS) == expected
    check_read_alike(data, expected)


@pytest.mark.parametrize("way", SCANS)
def test_bodies_are_taken_up_to_their_limit(way: Any) -> None:
    for size, is_plain in ((MAX_BODY_BYTES, True), (MAX_BODY_BYTES + 1, False)):
        data = changed(b"x" * size, Content_Length=b"%d" % size)
        assert (way(data, MAX_HEADERS) is not None) is is_plain


@pytest.mark.parametrize("way", SCANS)
def test_headers_are_taken_up_to_their_number(way: Any) -> None:
    assert way(changed(), len(HEAD)) == PLAIN
    assert way(changed(), len(HEAD) - 1) is None


REFUSED = {
    "nothing": b"",
    "a line alone": LINE,
    "another path": changed().replace(b"invoices", b"invoices:batch"),
    "a query": changed().replace(b"invoices ", b"invoices? "),
    "another method": changed().replace(b"POST", b"GET"),
    "an older version": changed().replace(b"HTTP/1.1", b"HTTP/1.0"),
    "a bare newline": changed().replace(b"\r\n", b"\n", 2),
    "half of it": changed()[:-1],
    "more than it": changed() + b"\r\n",
    "another behind it": changed() + changed(),
    "a newline before it": b"\r\n" + changed(),
    "no length": changed(Content_Length=b""),
    "two lengths": compose([*HEAD.items(), (b"content-length", b"3")]),
    "the same length twice": compose([*HEAD.items(), (b"Content-Length", b"19")]),
    "a list of lengths": changed(Content_Length=b"19, 19"),
    "a signed length": changed(Content_Length=b"+19"),
    "a hexadecimal length": changed(Content_Length=b"0x13"),
    "a length too long to count": changed(Content_Length=b"000019"),
    "chunks": changed(Transfer_Encoding=b"chunked"),
    "chunks, in capitals": changed(TRANSFER_ENCODING=b"chunked"),
    "chunks, said to be none": changed(Transfer_Encoding=b"identity"),
    "chunks behind a tab": changed(Transfer_Encoding=b"\tchunked"),
    "a space before a colon": changed().replace(b"Content-Length:", b"Content-Length :"),
    "a folded line": changed().replace(b"cell:8720", b"cell\r\n :8720"),
    "a header in a value": changed().replace(b"cell:8720", b"cell\nTransfer-Encoding: chunked"),
    "a return in a value": changed().replace(b"cell:8720", b"cell\r:8720"),
    "a nul in a value": changed().replace(b"cell:8720", b"cell\x00"),
    "a nul in a name": changed().replace(b"Host", b"Ho\x00st"),
    "a tab in a value": changed(Host=b"a\tb"),
    "letters beyond ASCII": changed(Host=b"\xe7\xa5\xa8"),
    "a wish to go on": changed(Expect=b"100-continue"),
    "a wish to leave": changed(Connection=b"close"),
    "two wishes": changed(Connection=b"keep-alive, close"),
    "a wish twice": compose(
        [*HEAD.items(), (b"Connection", b"keep-alive"), (b"connection", b"close")]
    ),
    "a proxy's wish": changed(Proxy_Connection=b"close"),
    "another protocol": changed(Connection=b"upgrade", Upgrade=b"websocket"),
    "a packed body": changed(Content_Encoding=b"gzip"),
    "another media type": changed(Content_Type=b"text/xml"),
    "a longer media type": changed(Content_Type=b"application/jsonl"),
    "nobody": changed(Authorization=b""),
    "two callers": compose([*HEAD.items(), (b"authorization", b"Bearer kp_k2_00")]),
    "no key": changed(Idempotency_Key=b""),
    "two keys": compose([*HEAD.items(), (b"idempotency-key", b"sale-2")]),
    "a key with a space": changed(Idempotency_Key=b"a b"),
    "a key too long": changed(Idempotency_Key=b"k" * 129),
    "two names": compose([*HEAD.items(), (b"X-Request-Id", b"a"), (b"x-request-id", b"b")]),
}


@pytest.mark.parametrize("way", SCANS)
@pytest.mark.parametrize("name", REFUSED)
def test_whatever_is_not_plain_is_left_to_the_parser(way: Any, name: str) -> None:
    assert way(REFUSED[name], MAX_HEADERS) is None


def test_headers_alone_are_known_as_such() -> None:
    head = changed()[: -len(BODY)]

    assert is_head(head, MAX_HEADERS)
    assert not is_head(changed(), MAX_HEADERS)
    assert not is_head(head, len(HEAD) - 1)
    for end in range(len(head)):
        assert not is_head(head[:end], MAX_HEADERS)
    assert not is_head(head + b"\r\n\r\n", MAX_HEADERS)
    for name, data in REFUSED.items():
        if name not in ("half of it", "more than it", "another behind it"):
            assert not is_head(data.removesuffix(BODY), MAX_HEADERS), name
    assert not is_head(changed(b"", Content_Length=b"0"), MAX_HEADERS)
    assert not is_head(changed(b"", Content_Length=b"99999"), MAX_HEADERS)
