"""The client for language models that speak OpenAI's chat protocol, on the official SDK (the extra ``openai``).

The SDK brings the connection: TLS, keys, the stream's framing, its errors. What is asked and how the answer is read is
ours, and pure (:mod:`offhook.models.chat`, :mod:`offhook.models.chunks`).
"""

from __future__ import annotations

import asyncio
import logging
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit
from weakref import WeakKeyDictionary

from offhook.errors import ConfigError, EngineError, EngineMissing, EngineUnavailable, kind_of
from offhook.installing import install
from offhook.keys import key_for, surroundings
from offhook.logs import describe
from offhook.models.base import Finished
from offhook.models.chat import ChatOptions, blamed, request
from offhook.models.chunks import ChunkReader
from offhook.models.hosts import HOSTS, host_at, split_name
from offhook.models.refusals import is_filtered, refusal, retry_after_s
from offhook.threads import in_thread
from offhook.waiting import WaitOver, within
from offhook.waits import MODEL_READY

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Mapping, Sequence
    from types import ModuleType

    from offhook.models.base import Message, ModelEvent, ToolSpec
    from offhook.models.hosts import Host

__all__ = ["OpenAIModel", "aclose_connections"]

logger = logging.getLogger(__name__)

_CONNECT_S: Final = 5.0
_SILENT_S: Final = 60.0
"""A connection on which nothing comes for so long is given up. Whoever waits has done so long before."""
_IDLE_S: Final = 120.0
"""A connection that nobody uses is kept for so long: the next call need not make one."""
_MOST_IDLE: Final = 64
_ACCOUNT: Final = ("OpenAI-Organization", "OpenAI-Project")
_NO_KEY: Final = "none"
"""What the SDK is given for a server that wants no key."""

_connections: WeakKeyDictionary[asyncio.AbstractEventLoop, Any] = WeakKeyDictionary()
"""The http client of each event loop: one for all models of a worker."""


class OpenAIModel:
    """A language model at OpenAI, or at anybody who speaks its chat protocol
    (:class:`~offhook.models.base.LanguageModel`).

    Args:
        model: its name, as the host calls it; or with the host, as in ``"groq:llama-3.3-70b-versatile"``.
        host: one of :data:`offhook.models.hosts.HOSTS`; ``None``: the one whose address ``base_url`` is, else a server
            of which nothing is known; without ``base_url``: OpenAI.
        base_url: where it is, up to ``/chat/completions``; ``None``: as the environment says
            (``OFFHOOK_GROQ_BASE_URL``, for OpenAI ``OPENAI_BASE_URL``, too), else the host's own.
        api_key: the key; ``None``: from the environment or ``.env``, where the host's entry says.
        temperature: how much chance there is in an answer; ``None``: the host's own. Models that take none are not sent
            it.
        max_tokens: the longest answer; ``None``: the host's own. Thoughts count.
        extra: more fields of the request's body.

    Raises:
        ConfigError: there is no such host, no key, or an address that is none.
        EngineMissing: the SDK is not installed.
    """

    def __init__(
        self,
        model: str,
        *,
        host: str | None = None,
        base_url: str | None = None,
        api_key: str | None = None,
        temperature: float | None = None,
        max_tokens: int | None = None,
        extra: Mapping[str, object] | None = None,
    ) -> None:
        self._host, self._model = _host_and_model(model, host, base_url)
        self.name = f"{self._host.name}:{self._model}"
        """What it is called in errors and in the log."""
        own_url = base_url or surroundings(*self._host.addresses)
        self._base_url = _checked(own_url or self._host.base_url)
        self._options = ChatOptions(temperature=temperature, max_tokens=max_tokens, extra=dict(extra or {}))
        self._without: frozenset[str] = frozenset()
        if own_url or not self._host.keys:  # a server of one's own may want none
            self._key = api_key or surroundings(*self._host.keys) or _NO_KEY
        else:
            self._key = key_for(f"the model {self.name}", *self._host.keys, given=api_key)
        self._clients: WeakKeyDictionary[asyncio.AbstractEventLoop, Any] = WeakKeyDictionary()
        if find_spec("openai") is None:
            raise EngineMissing(
                f"expected the openai package for the model {self.name}, found no such package", fix=install("openai")
            )

    def __repr__(self) -> str:
        return f"<OpenAIModel {self.name}>"

    async def warm_up(self) -> None:
        """Load the SDK and open a connection, so that the first call does not wait for it. Never raises: a host that
        does not answer now may do so in the call. A key that it refuses is worth a warning."""
        try:
            await within(MODEL_READY, self._knock())
        except WaitOver:
            return  # which has told of itself
        except EngineError as error:
            logger.warning("the model %s: %s", self.name, describe(error))

    async def stream(
        self, messages: Sequence[Message], *, tools: Sequence[ToolSpec] = (), call_id: str | None = None
    ) -> AsyncGenerator[ModelEvent]:
        """The answer: see :class:`~offhook.models.base.LanguageModel`.

        Two things are tried again at once: a request on a connection that breaks before there is an answer, as one that
        was not used for a while may (once); and one whose fields the host refuses, without these, from then on.

        Raises:
            EngineRefused: the key, the account or the model's name is wrong.
            EngineUnavailable: no connection, too many requests, an error of the host's, or an answer that breaks off.
            EngineError: the host refuses the request, or sends what cannot be read.
        """
        chunks = await self._asked(messages, tools, call_id)
        if chunks is None:
            yield Finished(reason="refused")
            return
        reader = ChunkReader(self.name)
        try:
            async for chunk in chunks:
                yield reader.read(chunk)
        except (_sdk().APIError, ValueError) as error:
            raise self._failure(error, call_id) from None
        finally:
            await chunks.close()
        for event in reader.end():
            yield event

    async def _asked(self, messages: Sequence[Message], tools: Sequence[ToolSpec], call_id: str | None) -> Any:
        """The chunks of the answer; ``None``: what was said is refused."""
        client = await self._client()
        sdk = _sdk()
        again = True
        while True:
            body = request(self._host, self._model, messages, tools, self._options, without=self._without)
            try:
                return await client.post(
                    "/chat/completions", cast_to=object, body=body, stream=True, stream_cls=sdk.AsyncStream[object]
                )
            except sdk.APIStatusError as error:
                if is_filtered(_code(error)):
                    return None
                field = blamed(body, error.param, str(error)) if error.status_code in (400, 422) else None
                if field is None or field in self._without:
                    raise self._failure(error, call_id) from None
                self._without |= {field}
                logger.warning("the model %s does not take %s: it is left out from now on", self.name, field)
            except sdk.APIError as error:
                broke = isinstance(error, sdk.APIConnectionError) and not isinstance(error, sdk.APITimeoutError)
                if not (again and broke):
                    raise self._failure(error, call_id) from None
                again = False

    def _failure(self, error: Exception, call_id: str | None) -> EngineError:
        """What the SDK raises, without anybody's words."""
        sdk, failure = _sdk(), EngineError(f"expected JSON of {self.name}, got something else.")
        if isinstance(error, sdk.APIStatusError):
            wait_s = retry_after_s(error.response.headers)
            keys = self._host.keys
            failure = refusal(error.status_code, self.name, code=_code(error), keys=keys, wait_s=wait_s)
        elif isinstance(error, sdk.APIConnectionError):
            failure = EngineUnavailable(f"expected {self.name} to answer, got no connection, or one that broke.")
        elif isinstance(error, sdk.APIError):
            failure = EngineUnavailable(f"expected {self.name} to answer to the end, got an error in the middle.")
        failure.call_id = call_id
        return failure

    async def _knock(self) -> None:
        """Ask for the list of models, for the connection's sake."""
        client = await self._client()
        sdk = _sdk()
        try:
            await client.get("/models", cast_to=object)
        except sdk.APIStatusError as error:
            if error.status_code in (401, 403):
                raise self._failure(error, None) from None
        except (sdk.APIError, ValueError) as error:
            raise self._failure(error, None) from None

    async def _client(self) -> Any:
        """The SDK's client for this host, on the connections of this event loop."""
        loop = asyncio.get_running_loop()
        client = self._clients.get(loop)
        if client is not None and not client.is_closed():
            return client
        connections = await _connections_here()
        sdk = _sdk()
        # Whose account it is belongs to OpenAI alone.
        headers = {} if self._host.name == "openai" else dict.fromkeys(_ACCOUNT, sdk.Omit())
        client = self._clients[loop] = sdk.AsyncOpenAI(
            api_key=self._key,
            base_url=self._base_url,
            timeout=sdk.Timeout(_SILENT_S, connect=_CONNECT_S),
            max_retries=0,  # another model may be there sooner
            default_headers=headers,
            http_client=connections,
        )
        return client


async def aclose_connections() -> None:
    """Close the connections of this event loop to all hosts: at the end of a program, or of a test."""
    connections = _connections.pop(asyncio.get_running_loop(), None)
    if connections is not None:
        await connections.aclose()


async def _connections_here() -> Any:
    """The connections of this event loop. Made beside it: loading the SDK takes a second, and certificates 0.3 s."""
    loop = asyncio.get_running_loop()
    connections = _connections.get(loop)
    if connections is None or connections.is_closed:
        made = await in_thread(_make_connections)
        connections = _connections.get(loop)  # somebody else may have been sooner
        if connections is None or connections.is_closed:
            connections = _connections[loop] = made
    return connections


def _make_connections() -> Any:
    sdk = _sdk()
    limits = type(sdk.DEFAULT_CONNECTION_LIMITS)(
        max_connections=None, max_keepalive_connections=_MOST_IDLE, keepalive_expiry=_IDLE_S
    )
    return sdk.DefaultAsyncHttpxClient(limits=limits)


def _sdk() -> ModuleType:
    import openai

    return openai


def _code(error: Any) -> str:
    code = error.code
    return code if isinstance(code, str) else ""


def _host_and_model(model: str, host: str | None, base_url: str | None) -> tuple[Host, str]:
    if host is not None:
        return split_name(f"{host}:{model}")
    if not model.strip():
        raise ConfigError("expected the name of a model, got nothing.", fix='OpenAIModel("gpt-5-mini")')
    if base_url is not None:
        return host_at(base_url), model
    named = model.partition(":")[0].strip().lower() in HOSTS
    return split_name(model) if named else (HOSTS["openai"], model)


def _checked(base_url: str) -> str:
    """An address as the SDK wants it.

    Raises:
        ConfigError: it is none.
    """
    plain = base_url.strip().rstrip("/").removesuffix("/chat/completions")
    parts = urlsplit(plain)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ConfigError(
            f"expected the address of a model as http:// or https://, got {kind_of(base_url)}.",
            fix="http://127.0.0.1:8000/v1, up to /chat/completions",
        )
    return plain
