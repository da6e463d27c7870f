"""Language models by name: ``openai:gpt-5-mini``, ``groq:…``, and those of :data:`offhook.named.MODELS`."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from offhook.models.hosts import split_name
from offhook.models.openai import OpenAIModel
from offhook.named import MODELS, make

if TYPE_CHECKING:
    from offhook.models.base import LanguageModel

__all__ = ["check_name", "load_model"]


def check_name(name: str) -> None:
    """See whether ``name`` may be that of a model, without making one.

    Raises:
        ConfigError: there is no such host or kind.
    """
    if not _is_kind(name):
        split_name(name)


def load_model(name: str) -> LanguageModel:
    """The model of this name.

    Raises:
        ConfigError: there is none, or it lacks a key.
        EngineMissing: what it needs is not installed.
    """
    if _is_kind(name):
        return cast("LanguageModel", make("a model", MODELS, name))
    return OpenAIModel(name)


def _is_kind(name: str) -> bool:
    return name.partition(":")[0] in MODELS
