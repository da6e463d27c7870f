"""What the carrier checks of a command's fields, at the edges of what it allows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from offhook.exchange.words import fields
from offhook.exchange.words.errors import ApiError
from offhook.exchange.words.fields import Routing, StreamOptions

if TYPE_CHECKING:
    from collections.abc import Callable

    Check = Callable[[dict[str, Any]], object]

HOOK = "http://127.0.0.1:1/hook"


def refused(check: Callable[..., object], *arguments: object) -> tuple[str, str | None]:
    """The code of the refusal, and where it points."""
    with pytest.raises(ApiError) as caught:
        check(*arguments)
    return caught.value.code, caught.value.pointer


class TestOneField:
    """One value, there, absent or wrong."""

    def test_what_is_absent_or_null_is_the_default(self) -> None:
        """The two are the same to the carrier."""
        for body in ({}, {"a": None}):
            assert fields.text(body, "a") is None
            assert fields.flag(body, "a", True) is True
            assert fields.choice(body, "a", ("x", "y"), "y") == "y"
            assert fields.whole(body, "a", 7, 1, 5) == 7
            assert fields.client_state(body, "a") is None
            assert fields.digits_of(body, "a") == ""
            assert fields.mapping(body, "a") == {}
            assert fields.pairs(body, "a") == ()
            assert fields.url_of(body, "a", ("http",)) is None

    @pytest.mark.parametrize(
        ("check", "value"),
        [
            (lambda body: fields.text(body, "a"), 5),
            (lambda body: fields.flag(body, "a", False), 1),
            (lambda body: fields.flag(body, "a", False), "true"),
            (lambda body: fields.whole(body, "a", 0, 0, 9), True),
            (lambda body: fields.whole(body, "a", 0, 0, 9), 1.0),
            (lambda body: fields.whole(body, "a", 0, 0, 9), "1"),
            (lambda body: fields.mapping(body, "a"), []),
            (lambda body: fields.pairs(body, "a"), {}),
            (lambda body: fields.pairs(body, "a"), ["x"]),
        ],
    )
    def test_a_value_of_another_json_type_is_refused(
        self, check: Callable[[dict[str, Any]], object], value: object
    ) -> None:
        """A boolean is no number, and a number no boolean."""
        assert refused(check, {"a": value}) == ("10026", "/a")

    def test_a_text_may_be_as_long_as_its_limit(self) -> None:
        """And not one character longer."""
        assert fields.text({"a": "x" * 10}, "a", max_length=10) == "x" * 10
        assert refused(lambda: fields.text({"a": "x" * 11}, "a", max_length=10)) == ("10015", "/a")

    @pytest.mark.parametrize("body", [{}, {"a": None}, {"a": ""}, {"a": " \t"}])
    def test_a_text_that_must_be_there_may_not_be_blank(self, body: dict[str, Any]) -> None:
        """Blank and absent are one refusal."""
        assert refused(fields.required_text, body, "a") == ("10004", "/a")
        assert fields.required_text({"a": " x"}, "a") == " x"

    def test_a_choice_is_one_of_its_values(self) -> None:
        """In the case that they are written in."""
        assert fields.choice({"a": "x"}, "a", ("x", "y"), "y") == "x"
        assert refused(fields.choice, {"a": "X"}, "a", ("x", "y"), "y") == ("10032", "/a")

    def test_a_number_may_be_either_of_its_bounds(self) -> None:
        """And nothing beyond them."""
        assert [fields.whole({"a": value}, "a", 0, 2, 5) for value in (2, 5)] == [2, 5]
        for value in (1, 6):
            assert refused(fields.whole, {"a": value}, "a", 0, 2, 5) == ("10033", "/a")

    @pytest.mark.parametrize(
        "url",
        [
            "ftp://a/",
            "http://",
            "http:///x",
            "//a/",
            "a",
            "http://[::1",
            "http://a:port/",
            "http://a:99999/",
            "x" * 2001,
        ],
    )
    def test_what_is_no_url_of_its_schemes_is_refused(self, url: str) -> None:
        """Ports and addresses that cannot be are found here, and not when it is used."""
        assert refused(fields.url_of, {"a": url}, "a", ("http", "https")) == ("10003", "/a")

    def test_a_url_may_have_2000_characters(self) -> None:
        """And not one more."""
        longest = "http://a/" + "x" * 1991
        assert fields.url_of({"a": longest}, "a", ("http", "https")) == longest
        assert refused(fields.url_of, {"a": longest + "x"}, "a", ("http", "https")) == ("10003", "/a")

    @pytest.mark.parametrize("value", ["aGk=", "", "AAAA"])
    def test_a_client_state_is_kept_as_it_came(self, value: str) -> None:
        """It is the program's, and is given back to the letter."""
        assert fields.client_state({"client_state": value}) == value

    @pytest.mark.parametrize("value", ["a", "aGk", "a b=", "aGk=\n", "\u00e4\u00e4\u00e4\u00e4"])
    def test_a_client_state_that_is_not_base64_is_refused(self, value: str) -> None:
        """A program finds its mistake on the desk and not with the carrier."""
        assert refused(fields.client_state, {"client_state": value}) == ("90017", "/client_state")
        assert refused(fields.client_state, {"b": value}, "b") == ("90017", "/b")

    def test_a_destination_is_a_number_or_a_sip_uri(self) -> None:
        """The refusal names the field and not what stood in it."""
        assert fields.destination("to", "+15550100") == "+15550100"
        assert fields.destination("to", "sip:desk@example.com") == "sip:desk@example.com"
        assert refused(fields.destination, "to", "15550100") == ("10016", "/to")

    def test_digits_are_keys_and_pauses(self) -> None:
        """Up to 64 of them."""
        assert fields.digits_of({"digits": "0123456789ABCDwW*#"}, "digits") == "0123456789ABCDwW*#"
        assert fields.digits_of({"digits": "1" * 64}, "digits") == "1" * 64
        assert refused(fields.digits_of, {"digits": "1" * 65}, "digits") == ("10015", "/digits")
        for wrong in ("E", "a", "1 2", "1\n", "\u0661"):
            assert refused(fields.check_digits, "digits", wrong) == ("90014", "/digits")

    def test_pairs_are_texts_whatever_came(self) -> None:
        """What a pair lacks is empty."""
        assert fields.pairs({"a": [{"name": "x", "value": 5}, {}]}, "a") == (("x", "5"), ("", ""))


class TestRouting:
    """The webhook fields of a command."""

    def test_an_event_may_have_one_url_or_several(self) -> None:
        """The API description says one, the official library several: both are taken."""
        routing = fields.routing({"webhook_urls": {"call.answered": HOOK, "call.hangup": [HOOK, HOOK + "2"]}})
        assert routing.urls == {"call.answered": (HOOK,), "call.hangup": (HOOK, HOOK + "2")}

    @pytest.mark.parametrize("event_type", ["answered", "call", "call.", "call.Answered", "other.x", "call.x y"])
    def test_a_key_that_is_no_type_of_event_is_refused(self, event_type: str) -> None:
        """A misspelt one would never be sent."""
        assert refused(fields.routing, {"webhook_urls": {event_type: HOOK}}) == ("90057", "/webhook_urls")

    @pytest.mark.parametrize("value", ["ws://a/", 5, [HOOK, 5], None])
    def test_each_of_its_urls_is_checked(self, value: object) -> None:
        """Not only the first one."""
        assert refused(fields.routing, {"webhook_urls": {"call.answered": value}}) == ("10003", "/webhook_urls")

    def test_there_may_be_five_retries_within_a_minute(self) -> None:
        """And neither a sixth nor a millisecond more; none at all are a policy, too."""
        name = "webhook_retries_policies"
        for waits in ([12_000] * 5, [60_000], [0], []):
            routing = fields.routing({name: {"call.answered": {"retries_ms": waits}}})
            assert routing.retries_ms == {"call.answered": tuple(waits)}
        assert fields.routing({name: {"call.answered": {}}}).retries_ms == {"call.answered": ()}
        for waits in ([1] * 6, [60_001], [30_000, 30_001]):
            policy = {name: {"call.answered": {"retries_ms": waits}}}
            assert refused(fields.routing, policy) == ("10015", f"/{name}")

    @pytest.mark.parametrize(
        "policy", [5, {"retries_ms": 5}, {"retries_ms": ["1"]}, {"retries_ms": [-1]}, {"retries_ms": [True]}]
    )
    def test_a_policy_of_another_shape_is_refused(self, policy: object) -> None:
        """Waits are whole milliseconds and not below 0."""
        body = {"webhook_retries_policies": {"call.answered": policy}}
        assert refused(fields.routing, body) == ("10026", "/webhook_retries_policies")

    def test_a_later_command_changes_only_what_it_says(self) -> None:
        """Event by event; what it does not say stays as it was."""
        earlier = Routing("one", {"a": ("1",), "b": ("1",)}, {"a": (1,), "b": (1,)})
        later = Routing(None, {"b": ("2",)}, {"b": ()})
        assert later.over(earlier) == Routing("one", {"a": ("1",), "b": ("2",)}, {"a": (1,), "b": ()})
        assert Routing("two").over(earlier).url == "two"


class TestStream:
    """The stream fields of a command."""

    def test_without_a_url_there_is_no_stream(self) -> None:
        """What else was said of it is checked all the same."""
        assert fields.stream({}) is None
        assert fields.stream({"stream_url": "", "stream_track": "both_tracks"}) is None
        assert refused(fields.stream, {"stream_track": "x"}) == ("10032", "/stream_track")

    def test_a_url_alone_has_the_carriers_defaults(self) -> None:
        """Raw audio has to be asked for: the carrier's default is MP3, for the other leg."""
        options = fields.stream({"stream_url": "wss://a/"})
        assert options == StreamOptions(url="wss://a/")
        assert (options.bidirectional_mode, options.bidirectional_target_legs) == ("mp3", "opposite")
        assert (options.track, options.codec, options.bidirectional_codec) == ("inbound_track", "default", "PCMU")

    def test_all_that_is_said_of_a_stream_is_kept(self) -> None:
        """Under the names that the rest of the exchange knows it by."""
        body = {
            "stream_url": "ws://a/",
            "stream_track": "both_tracks",
            "stream_codec": "G722",
            "stream_bidirectional_mode": "rtp",
            "stream_bidirectional_codec": "L16",
            "stream_bidirectional_target_legs": "self",
            "stream_bidirectional_sampling_rate": 16000,
            "stream_auth_token": "t",
            "custom_parameters": [{"name": "a", "value": "b"}],
        }
        assert fields.stream(body, extras=True) == StreamOptions(
            url="ws://a/",
            track="both_tracks",
            codec="G722",
            bidirectional_mode="rtp",
            bidirectional_codec="L16",
            bidirectional_target_legs="self",
            bidirectional_sampling_rate=16000,
            auth_token="t",
            custom_parameters=(("a", "b"),),
        )
        unknown = fields.stream(body, rate=False)
        assert unknown is not None
        assert (unknown.bidirectional_sampling_rate, unknown.auth_token, unknown.custom_parameters) == (None, None, ())

    def test_the_codec_back_has_no_default_to_fall_to(self) -> None:
        """``default`` is the leg's own codec, and is a word for the way out alone."""
        assert refused(fields.stream, {"stream_bidirectional_codec": "default"}) == (
            "10032",
            "/stream_bidirectional_codec",
        )

    @pytest.mark.parametrize("rate", [44_100, 0, "8000", True])
    def test_a_rate_is_one_of_the_carriers(self, rate: object) -> None:
        """As a number."""
        assert refused(fields.stream, {"stream_bidirectional_sampling_rate": rate}) == (
            "10032",
            "/stream_bidirectional_sampling_rate",
        )

    def test_a_token_has_at_most_4000_characters(self) -> None:
        """It travels in a header."""
        options = fields.stream({"stream_url": "ws://a/", "stream_auth_token": "x" * 4000})
        assert options is not None
        assert options.auth_token == "x" * 4000
        assert refused(fields.stream, {"stream_auth_token": "x" * 4001}) == ("10015", "/stream_auth_token")
