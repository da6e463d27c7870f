"""Where the URLs of a program on this machine really lead."""

from __future__ import annotations

import pytest

from offhook.exchange.words.local_urls import local_stream_url, local_webhook_urls, stream_home


@pytest.mark.parametrize(
    ("url", "opened"),
    [
        ("wss://app.example/media/t?x=1", "ws://127.0.0.1:8080/media/t?x=1"),
        ("ws://app.example:99/media/t", "ws://127.0.0.1:8080/media/t"),
        ("wss://127.0.0.1:12422/ws", "ws://127.0.0.1:12422/ws"),
        ("wss://localhost:8443/media/t", "ws://localhost:8443/media/t"),
        ("wss://localhost/media/t", "ws://127.0.0.1:8080/media/t"),
        ("wss://[::1]:9000/m", "ws://[::1]:9000/m"),
        ("ws://127.0.0.1:9000/m", "ws://127.0.0.1:9000/m"),
        ("ws://localhost:9000/m", "ws://localhost:9000/m"),
    ],
)
def test_streams_are_led_to_the_local_program(url: str, opened: str) -> None:
    """A name of this machine keeps its port; a public one becomes the program's host and port."""
    assert local_stream_url(url, "http://user:pw@127.0.0.1:8080/webhooks/telnyx") == opened


@pytest.mark.parametrize(
    ("url", "home", "opened"),
    [
        ("ws://app:9000/m", "http://app:3000/w", "ws://app:9000/m"),
        ("wss://app:9000/m", "http://app:3000/w", "ws://app:9000/m"),
        ("wss://app/m", "http://app:3000/w", "ws://app:3000/m"),
        ("wss://app.example/m", "https://app.example/w", "wss://app.example/m"),
        ("wss://app.example:8443/m", "https://app.example/w", "wss://app.example:8443/m"),
        ("wss://other.example/m", "https://app.example/w", "wss://app.example/m"),
        ("wss://127.0.0.1:9000/m", "https://127.0.0.1:9000/w", "wss://127.0.0.1:9000/m"),
    ],
)
def test_an_application_elsewhere_is_reached_as_its_webhooks_are(url: str, home: str, opened: str) -> None:
    """In a container its media may have a port of its own; behind a tunnel it has TLS."""
    assert local_stream_url(url, home) == opened


@pytest.mark.parametrize(
    ("url", "program", "ways"),
    [
        ("http://127.0.0.1:3000/w", "http://127.0.0.1:3000/", ("http://127.0.0.1:3000/w",)),
        ("http://app.example/w", "http://127.0.0.1:3000/", ("http://app.example/w",)),
        ("https://127.0.0.1:3000/w", None, ("https://127.0.0.1:3000/w", "http://127.0.0.1:3000/w")),
        (
            "https://abc.tunnel.example/w?a=1",
            "http://u:p@127.0.0.1:3000/x",
            ("http://127.0.0.1:3000/w?a=1", "https://abc.tunnel.example/w?a=1"),
        ),
        ("https://abc.tunnel.example/w", None, ("https://abc.tunnel.example/w",)),
        ("https://app.example/w", "https://app.example:3000/", ("https://app.example/w",)),
    ],
)
def test_webhooks_are_led_to_the_local_program(url: str, program: str | None, ways: tuple[str, ...]) -> None:
    """What looks like a tunnel to it, and what only looks like TLS; the URL itself is among the ways."""
    assert local_webhook_urls(url, program) == ways


def test_streams_follow_the_webhooks() -> None:
    """Behind a tunnel that leads to the program, media sockets lead to it, too."""
    assert stream_home("https://abc.tunnel.example/w", "http://127.0.0.1:3000") == "http://127.0.0.1:3000/w"
    assert stream_home("http://app:3000/w", None) == "http://app:3000/w"
