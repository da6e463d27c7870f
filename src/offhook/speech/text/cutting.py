"""How long the sentences are that a voice is given, and how long the rest of one is waited for."""

from __future__ import annotations

from dataclasses import dataclass

from offhook.errors import ConfigError

__all__ = ["Cutting"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Cutting:
    """How long a sentence may be, in words, and how long the rest of it is waited for, in milliseconds.

    A voice speaks two and a half words a second, and one that works on whole sentences needs up to a third of the time
    of a sentence to make the first sound of it. A language model writes 20 to 50 words a second.

    Raises:
        ConfigError: values that cannot work.
    """

    first_words: int = 12
    """The first sentence of a reply is cut at the end of a clause after so many words: the caller waits for it."""
    words: int = 25
    """Every other is cut there after so many: ten seconds of speech, which take a model a second to write."""
    most_words: int = 40
    """After so many a sentence is cut wherever a word ends."""
    stop_ms: float = 100
    """A sentence that ends with a stop is whole if nothing has come after it for so long: more than lies between two
    pieces of a model that goes on, less than a caller notices."""
    stalled_ms: float = 600
    """What is there is spoken if nothing has come for so long, one or two words after twice as long: a pause in the
    middle of a sentence is better than a silence, in which a caller begins to speak."""

    def __post_init__(self) -> None:
        if not 0 < self.first_words <= self.words <= self.most_words:
            got = f"{self.first_words}, {self.words} and {self.most_words}"
            raise ConfigError(
                f"expected 0 < first_words <= words <= most_words, got {got}.", fix="leave them out for 12, 25 and 40"
            )
        if not 0 < self.stop_ms <= self.stalled_ms:
            raise ConfigError(
                f"expected 0 < stop_ms <= stalled_ms, got {self.stop_ms} and {self.stalled_ms}.",
                fix="leave them out for 100 and 600",
            )
