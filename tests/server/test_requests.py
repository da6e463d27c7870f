"""Requests that are refused before anybody reads them."""

from __future__ import annotations

from typing import Any

import h11
import pytest
from hypothesis import given
from hypothesis import strategies as st

from offhook.server.requests import RequestConnection, RequestRefused, check_head


def status_of(target: bytes = b"/", *headers: tuple[bytes, bytes], version: bytes = b"1.1") -> int | None:
    try:
        check_head(target, headers, version)
    except RequestRefused as refused:
        return refused.error_status_hint
    return None


def test_an_ordinary_head_is_taken() -> None:
    """A webhook's, as it comes through a proxy."""
    headers = [(b"host", b"voice.example.org"), (b"content-length", b"12"), (b"telnyx-timestamp", b"1")]
    assert status_of(b"/webhooks/telnyx?x=1", *headers) is None
    assert status_of(b"/", (b"transfer-encoding", b"chunked")) is None


def test_two_lengths_are_refused() -> None:
    """RFC 9112, 6.1: whoever reads the other one sees another request; and HTTP/1.0 knows no chunks."""
    both = ((b"transfer-encoding", b"chunked"), (b"content-length", b"5"))
    assert status_of(b"/", *both) == 400
    assert status_of(b"/", *reversed(both)) == 400
    assert status_of(b"/", both[0], version=b"1.0") == 400
    assert status_of(b"/", both[1], version=b"1.0") is None


def test_sizes_are_bounded() -> None:
    """The path, the number of headers, and all of them together."""
    assert status_of(b"/" * 8192) is None
    assert status_of(b"/" * 8193) == 414
    assert status_of(b"/", *[(b"x", b"")] * 100) is None
    assert status_of(b"/", *[(b"x", b"")] * 101) == 431
    assert status_of(b"/", (b"x", b"y" * (16 * 1024 - 5))) is None
    assert status_of(b"/", (b"x", b"y" * (16 * 1024 - 4))) == 431


@pytest.mark.parametrize("host", [b"", b"localhost:8080", b"a.example.org", b"127.0.0.1:1", b"[::1]:8080", b"[::1]"])
def test_hosts_that_are_taken(host: bytes) -> None:
    """RFC 9110, 7.2; it may be empty."""
    assert status_of(b"/", (b"host", host)) is None


@pytest.mark.parametrize("host", [b"a b", b"a/b", b"user@a", b"[::1", b"::1", b"a:80:80", b"a:b", b"http://a", b"a,b"])
def test_hosts_that_are_refused(host: bytes) -> None:
    """RFC 9112, 3.2: 400 to a value that is none; a list is taken for a name, as the grammar has it."""
    assert status_of(b"/", (b"host", host)) == (None if host == b"a,b" else 400)


def connection(head: bytes) -> RequestConnection:
    conn = RequestConnection()
    conn.receive_data(b"POST / HTTP/1.1\r\nHost: x\r\n" + head + b"\r\n")
    assert type(conn.next_event()) is h11.Request
    return conn


def read(conn: RequestConnection) -> list[Any]:
    events: list[Any] = []
    while True:
        event = conn.next_event()
        events.append(event)
        if event in (h11.NEED_DATA, h11.PAUSED) or type(event) is h11.EndOfMessage:
            return events


def test_a_body_in_ordinary_chunks_is_taken() -> None:
    """However large: only small pieces are counted against it."""
    conn = connection(b"Transfer-Encoding: chunked\r\n")
    for _ in range(4000):
        conn.receive_data(b"200\r\n" + b"x" * 512 + b"\r\n")
        assert read(conn)[-1] is h11.NEED_DATA
    conn.receive_data(b"0\r\n\r\n")
    assert type(read(conn)[-1]) is h11.EndOfMessage


def test_a_body_in_crumbs_is_refused() -> None:
    """A thousand chunks of a byte are taken, a million are not."""
    conn = connection(b"Transfer-Encoding: chunked\r\n")
    conn.receive_data(b"1\r\nx\r\n" * 1000)
    assert read(conn)[-1] is h11.NEED_DATA
    conn.receive_data(b"1\r\nx\r\n" * 100)
    with pytest.raises(RequestRefused) as refused:
        read(conn)
    assert refused.value.error_status_hint == 400


@pytest.mark.parametrize("first", [b"", b"200\r\n" + b"x" * 512 + b"\r\n"], ids=["crumbs", "512 bytes, then crumbs"])
def test_a_piece_is_earned_by_512_bytes(first: bytes) -> None:
    """1,024 pieces, and one more for every 512 bytes: 1,026 crumbs bring two more, and the next is one too many."""
    conn = connection(b"Transfer-Encoding: chunked\r\n")
    conn.receive_data(first + b"1\r\nx\r\n" * 1026)
    assert read(conn)[-1] is h11.NEED_DATA
    conn.receive_data(b"1\r\nx\r\n")
    with pytest.raises(RequestRefused):
        read(conn)


def test_every_request_of_a_connection_has_its_own_count() -> None:
    """Kept connections are for many."""
    conn = connection(b"Transfer-Encoding: chunked\r\n")
    for _ in range(3):
        conn.receive_data(b"1\r\nx\r\n" * 900 + b"0\r\n\r\n")
        assert type(read(conn)[-1]) is h11.EndOfMessage
        conn.send(h11.Response(status_code=200, headers=[("content-length", "0")]))
        conn.send(h11.EndOfMessage())
        conn.start_next_cycle()
        conn.receive_data(b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n")
        assert type(conn.next_event()) is h11.Request


@given(st.binary(min_size=1, max_size=300))
def test_bytes_that_are_no_request_are_refused_as_such(junk: bytes) -> None:
    """Nothing else is raised, whatever comes."""
    conn = RequestConnection()
    conn.receive_data(junk)
    try:
        while (event := conn.next_event()) not in (h11.NEED_DATA, h11.PAUSED):
            assert type(event) in (h11.Request, h11.Data, h11.EndOfMessage)
    except h11.RemoteProtocolError as error:
        refusal = error.error_status_hint
    else:
        refusal = 400
    assert 400 <= refusal < 600
