"""Plugins of LiveKit's by name."""

from __future__ import annotations

import logging

import pytest
from hypothesis import given
from hypothesis import strategies as st

from offhook.errors import ConfigError, EngineMissing
from offhook.providers.livekit import plugin as plugin_module
from offhook.providers.livekit.plugin import PluginName, checked, load, parse


class TestNames:
    @pytest.mark.parametrize(
        ("name", "wanted"),
        [
            ("azure", PluginName("azure")),
            ("azure.STT", PluginName("azure", ("STT",))),
            ("openai.realtime.RealtimeModel", PluginName("openai", ("realtime", "RealtimeModel"))),
            ("deepgram.STT()", PluginName("deepgram", ("STT",))),
            (
                'x.TTS(voice=a-b_c, speed=1.5, n = 3, on=true, text="a, b = c", none=null)',
                PluginName(
                    "x",
                    ("TTS",),
                    {"voice": "a-b_c", "speed": 1.5, "n": 3, "on": True, "text": "a, b = c", "none": None},
                ),
            ),
            ("x.STT(base_url=wss://h:1/v1?a=b)", PluginName("x", ("STT",), {"base_url": "wss://h:1/v1?a=b"})),
        ],
    )
    def test_a_name_says_which_plugin_what_of_it_and_with_what(self, name: str, wanted: PluginName) -> None:
        """Values are JSON where they are any, and else text."""
        assert parse(name) == wanted

    @pytest.mark.parametrize("name", ["", "Azure", "azure.", "azure STT", "../x", "x.STT(", "x.STT(model)", "x(=1)"])
    def test_what_is_no_name_is_told_with_what_is(self, name: str) -> None:
        """Before anything is imported."""
        with pytest.raises(ConfigError, match=r"LiveKit's by name|name=value"):
            parse(name)

    @given(st.text(max_size=60))
    def test_whatever_is_written_is_a_name_or_an_error_of_ours(self, text: str) -> None:
        """And it takes no time."""
        try:
            parse(f"x.STT({text})")
        except ConfigError:
            return


@pytest.mark.usefixtures("plugins")
class TestLoading:
    def test_a_plugin_is_made_with_what_its_name_says(self) -> None:
        """Without the class the one of the kind that is wanted."""
        made = load("deepgram(model=nova-2, api_key=none)", "STT")
        assert (type(made).__name__, made.model) == ("STT", "nova-2")
        assert checked(made, "STT") is made
        assert type(checked("deepgram.STTv2(api_key=none)", "STT")).__name__ == "STTv2"

    def test_one_that_is_not_installed_is_told_with_how_to_install_it(self) -> None:
        """It is a package of its own."""
        with pytest.raises(EngineMissing, match="plugin no_such") as missing:
            load("no_such.STT", "STT")
        assert missing.value.fix is not None
        assert missing.value.fix.endswith("pip install livekit-plugins-no-such")

    @pytest.mark.parametrize("name", ["deepgram.TTS", "deepgram.Nothing", "deepgram.STT.x", "deepgram.stt"])
    def test_what_is_not_of_the_kind_is_refused(self, name: str) -> None:
        """A voice does not hear."""
        with pytest.raises(ConfigError, match="expected STT of LiveKit's plugin deepgram"):
            load(name, "STT")

    def test_what_it_cannot_be_made_with_is_told(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """In the plugin's words: nobody was asked anything yet."""
        monkeypatch.delenv("DEEPGRAM_API_KEY", raising=False)
        with pytest.raises(ConfigError, match="got ValueError") as refused:
            load("deepgram.STT", "STT")
        assert "DEEPGRAM_API_KEY" in str(refused.value.fix)
        with pytest.raises(ConfigError, match="got TypeError"):
            load("deepgram.STT(api_key=none, nonsense=1)", "STT")

    def test_an_object_of_something_else_is_refused(self) -> None:
        """By what it is, and not by what it says."""
        with pytest.raises(ConfigError, match="expected LLM of a plugin"):
            checked(object(), "LLM")

    def test_what_plugins_log_is_not_shown_unless_somebody_wants_it(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """It may hold what was said."""
        logger = logging.getLogger("livekit")
        monkeypatch.setattr(logger, "level", logging.NOTSET)
        plugin_module.need()
        assert not logging.getLogger("livekit.agents").isEnabledFor(logging.CRITICAL)
        monkeypatch.setattr(logger, "level", logging.DEBUG)
        plugin_module.need()
        assert logger.level == logging.DEBUG


def test_without_livekit_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    """The extra."""
    monkeypatch.setattr(plugin_module, "find_spec", lambda name: None)
    with pytest.raises(EngineMissing, match="livekit-agents") as missing:
        load("azure.STT", "STT")
    assert "livekit" in str(missing.value.fix)
