"""The vendors' own packages must take the stand-ins for their vendors: real audio in, the right words out.

These clients share no code with the project, and know nothing of a stand-in but its address.
"""

from __future__ import annotations

import asyncio
import base64
import json
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from offhook.audio.codecs import make_decoder
from offhook.audio.mp3 import Mp3Decoder
from offhook.audio.resample import resample
from offhook.testing.providers import Answer

from .conftest import PHRASE, understood, words_in

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from offhook.testing.providers import StandIns

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

FRAME = 480
"""60 ms of μ-law."""


def frames(audio: bytes, size: int = FRAME) -> list[bytes]:
    return [audio[at : at + size] for at in range(0, len(audio) - size, size)]


# -- AssemblyAI -------------------------------------------------------------------------------------------------------


async def test_the_package_of_assemblyai_hears_a_turn(providers: StandIns, caller: bytes, require: Any) -> None:
    """It is told drafts, the end of the turn twice (plain, then formatted), and the end of the session."""
    require(find_spec("assemblyai") is not None, "the package assemblyai")
    from assemblyai.streaming.v3 import (
        AsyncRealTimeTranscriber,
        Encoding,
        RealTimeEvents,
        RealTimeParameters,
        RealTimeTranscriberOptions,
    )

    turns: list[Any] = []
    over = asyncio.Event()

    async def on_turn(_: object, turn: Any) -> None:
        turns.append(turn)

    async def on_end(_: object, event: Any) -> None:
        over.set()

    async def on_error(_: object, error: Any) -> None:
        turns.append(error)

    host = providers.env["ASSEMBLYAI_BASE_URL"].replace("http", "ws", 1)
    client = AsyncRealTimeTranscriber(RealTimeTranscriberOptions(api_key="a key", api_host=host, connect_timeout=10.0))
    client.on(RealTimeEvents.Turn, on_turn)
    client.on(RealTimeEvents.Termination, on_end)
    client.on(RealTimeEvents.Error, on_error)
    wanted: dict[str, Any] = {"speech_model": "universal-streaming-english", "keyterms_prompt": ["offhook"]}
    await client.connect(RealTimeParameters(sample_rate=8000, encoding=Encoding.pcm_mulaw, format_turns=True, **wanted))
    for frame in frames(caller):
        await client.stream(frame)
    await client.disconnect(terminate=True)
    await asyncio.wait_for(over.wait(), 10)
    plain, formatted = turns[-2:]
    assert (plain.end_of_turn, plain.turn_is_formatted) == (True, False)
    assert (formatted.end_of_turn, formatted.turn_is_formatted) == (True, True)
    assert understood(plain.transcript.split())
    assert plain.transcript.split() == words_in(formatted.transcript) == [word.text for word in plain.words]


# -- Deepgram ---------------------------------------------------------------------------------------------------------


@pytest.fixture
async def client(providers: StandIns, require: Any) -> AsyncIterator[Any]:
    """Deepgram's."""
    require(find_spec("deepgram") is not None, "the package deepgram-sdk")
    from deepgram import AsyncDeepgramClient
    from deepgram.environment import DeepgramClientEnvironment

    http = providers.env["DEEPGRAM_BASE_URL"]
    ws = http.replace("http", "ws", 1)
    there = DeepgramClientEnvironment(base=http, production=ws, agent=ws, agent_rest=http)
    async with httpx.AsyncClient() as http_client:
        yield AsyncDeepgramClient(api_key="a key", environment=there, httpx_client=http_client)


async def test_the_package_of_deepgram_hears_an_utterance(client: Any, caller: bytes) -> None:
    """It is told that speech starts, what it seems to be, what it is, and that nobody says more."""
    told: list[Any] = []
    async with client.listen.v1.connect(
        model="nova-3",
        encoding="mulaw",
        sample_rate=8000,
        interim_results=True,
        punctuate=True,
        vad_events=True,
        utterance_end_ms=1000,
    ) as socket:
        for frame in frames(caller, 160):
            await socket.send_media(frame)
        await socket.send_close_stream()
        told = [message async for message in socket]
    assert [message.type for message in told if message.type != "Results"] == [
        "SpeechStarted",
        "UtteranceEnd",
        "Metadata",
    ]
    finals = [message for message in told if message.type == "Results" and message.is_final]
    words = [word for final in finals for word in words_in(final.channel.alternatives[0].transcript)]
    assert understood(words)
    assert finals[-1].speech_final


async def test_finalize_gives_the_words_at_once(client: Any, caller: bytes) -> None:
    """Without a pause after them, and marked as the answer."""
    async with client.listen.v1.connect(model="nova-3", encoding="mulaw", sample_rate=8000) as socket:
        await socket.send_media(caller[:-16_000])
        await socket.send_finalize()
        answer = await anext(aiter(socket))
        await socket.send_close_stream()
    assert answer.from_finalize
    assert understood(words_in(answer.channel.alternatives[0].transcript))


async def test_the_package_of_deepgram_hears_a_turn_of_flux(client: Any, caller: bytes) -> None:
    """A start, updates, an eager end and the end; and thresholds can be changed on the way."""
    async with client.listen.v2.connect(
        model="flux-general-en", encoding="mulaw", sample_rate=8000, eager_eot_threshold=0.4, eot_threshold=0.7
    ) as socket:
        await socket.send_configure({"type": "Configure", "thresholds": {"eot_threshold": 0.8}})
        for frame in frames(caller, 640):
            await socket.send_media(frame)
        await socket.send_close_stream()
        told = [message async for message in socket]
    kinds = [message.type if message.type != "TurnInfo" else message.event for message in told]
    assert kinds[:2] == ["Connected", "ConfigureSuccess"]
    turns = [kind for kind in kinds[2:] if kind != "Update"]
    assert turns == ["StartOfTurn", "EagerEndOfTurn", "EndOfTurn"]
    (end,) = [message for message in told if getattr(message, "event", None) == "EndOfTurn"]
    assert understood(words_in(end.transcript))
    assert [message.sequence_id for message in told] == list(range(len(told)))


async def test_the_package_of_deepgram_speaks(client: Any, providers: StandIns) -> None:
    """Over a socket, in μ-law, until the flush is answered."""
    from deepgram.speak.v1.types import SpeakV1Text

    audio = b""
    async with client.speak.v1.connect(model="aura-2-thalia-en", encoding="mulaw", sample_rate=8000) as socket:
        await socket.send_text(SpeakV1Text(text=PHRASE))
        await socket.send_flush()
        async for message in socket:
            if isinstance(message, bytes):
                audio += message
            elif message.type == "Flushed":
                break
        await socket.send_close()
    heard = await providers.engines.recogniser().recognise(pcm_16k(audio), 0, None)
    assert understood(words_in(heard.text))


async def test_the_package_of_deepgram_speaks_by_a_request(client: Any, providers: StandIns) -> None:
    """The audio is the body of the response."""
    pieces = client.speak.v1.audio.generate(
        text=PHRASE, model="aura-2-thalia-en", encoding="mulaw", sample_rate=8000, container="none"
    )
    audio = b"".join([piece async for piece in pieces])
    heard = await providers.engines.recogniser().recognise(pcm_16k(audio), 0, None)
    assert understood(words_in(heard.text))


def pcm_16k(audio: bytes) -> bytes:
    from offhook.audio.resample import resample

    return resample(make_decoder("PCMU", 8000).decode(audio), 8000, 16000)


# -- OpenAI -----------------------------------------------------------------------------------------------------------


async def test_the_package_of_openai_reads_an_answer(providers: StandIns, require: Any) -> None:
    """Piece by piece, with the tokens it took."""
    require(find_spec("openai") is not None, "the package openai")
    from openai import AsyncOpenAI

    providers.answers.add("We open at nine.")
    async with AsyncOpenAI(api_key="a key", base_url=providers.env["OPENAI_BASE_URL"]) as client:
        stream = await client.chat.completions.create(
            model="gpt-5-mini",
            messages=[{"role": "user", "content": "When do you open?"}],
            stream=True,
            stream_options={"include_usage": True},
        )
        chunks = [chunk async for chunk in stream]
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices) == "We open at nine."
    assert chunks[-2].choices[0].finish_reason == "stop"
    assert chunks[-1].usage is not None


async def test_the_package_of_openai_is_asked_to_use_a_tool(providers: StandIns, require: Any) -> None:
    """Its name and its arguments are put together from their pieces."""
    require(find_spec("openai") is not None, "the package openai")
    from openai import AsyncOpenAI

    arguments = '{"day": "friday", "time": "19:30"}'
    providers.answers.add(Answer(tools=(("book", arguments),)))
    asked: dict[str, Any] = {"model": "gpt-5-mini", "messages": [{"role": "user", "content": "A table, please."}]}
    async with (
        AsyncOpenAI(api_key="a key", base_url=providers.env["OPENAI_BASE_URL"]) as client,
        client.chat.completions.stream(**asked) as stream,
    ):
        completion = await stream.get_final_completion()
    tool_calls: Any = completion.choices[0].message.tool_calls
    (call,) = tool_calls
    assert (call.function.name, call.function.arguments) == ("book", arguments)
    assert completion.choices[0].finish_reason == "tool_calls"


async def test_the_package_of_openai_takes_a_whole_answer(providers: StandIns, require: Any) -> None:
    """Where nobody asked for a stream."""
    require(find_spec("openai") is not None, "the package openai")
    from openai import AsyncOpenAI

    async with AsyncOpenAI(api_key="a key", base_url=providers.env["OPENAI_BASE_URL"]) as client:
        completion = await client.chat.completions.create(
            model="gpt-5-mini", messages=[{"role": "user", "content": "Good morning."}]
        )
    assert completion.choices[0].message.content == "You said: Good morning."


# -- Cartesia ---------------------------------------------------------------------------------------------------------


async def test_the_package_of_cartesia_says_a_sentence(providers: StandIns, require: Any) -> None:
    """Audio in the codec of a line, the times of the words, and the end of the context."""
    require(find_spec("cartesia") is not None, "the package cartesia")
    from cartesia import AsyncCartesia

    client = AsyncCartesia(api_key="a key", websocket_base_url=providers.origin.replace("http", "ws", 1))
    audio, over = b"", False
    words: list[str] = []
    async with client.tts.websocket_connect() as connection:
        asked: Any = {
            "context_id": "c",
            "model_id": "sonic-3",
            "transcript": PHRASE,
            "voice": {"mode": "id", "id": "a voice"},
            "output_format": {"container": "raw", "encoding": "pcm_mulaw", "sample_rate": 8000},
            "add_timestamps": True,
            "continue": False,
        }
        await connection.send(asked)
        async for event in connection:
            if event.type == "chunk" and event.audio:
                audio += event.audio
            elif event.type == "timestamps" and event.word_timestamps:
                words += event.word_timestamps.words
            elif event.type == "done":
                over = True
                break
    await client.close()
    assert over
    assert understood(words_in(" ".join(words)))
    heard = await providers.engines.recogniser().recognise(pcm_16k(audio), 0, None)
    assert understood(words_in(heard.text))


# -- OpenAI -----------------------------------------------------------------------------------------------------------


async def test_the_package_of_openai_talks_with_a_realtime_model(
    providers: StandIns, caller: bytes, require: Any
) -> None:
    """In its own types: a turn is heard, a tool asked for, and an answer given in sound and words."""
    require(find_spec("openai") is not None, "the package openai")
    from openai import AsyncOpenAI

    providers.answers.add(Answer(tools=(("look", '{"at": "order"}'),)), "It is on its way.")
    told: list[Any] = []
    base = providers.env["OPENAI_BASE_URL"]
    async with (
        AsyncOpenAI(api_key="a key", base_url=base, websocket_base_url=base.replace("http", "ws", 1)) as client,
        client.realtime.connect(model="gpt-realtime") as connection,
    ):
        pcmu = {"format": {"type": "audio/pcmu"}}
        heard = {**pcmu, "transcription": {"model": "gpt-4o-mini-transcribe"}, "turn_detection": {"type": "server_vad"}}
        session: Any = {"type": "realtime", "audio": {"input": heard, "output": pcmu}}
        await connection.session.update(session=session)
        for frame in frames(caller):
            await connection.input_audio_buffer.append(audio=base64.b64encode(frame).decode())
        async for event in connection:
            told.append(event)
            if event.type == "response.function_call_arguments.done":
                item: Any = {"type": "function_call_output", "call_id": event.call_id, "output": "on its way"}
                await connection.conversation.item.create(item=item)
            elif event.type == "response.done" and any(
                one.type == "function_call" for one in event.response.output or []
            ):
                await connection.response.create(response={"metadata": {"why": "tool"}})
            elif event.type == "response.done":
                break
    types = [event.type for event in told]
    assert [type(event).__name__ for event in told if type(event).__name__ == "BaseModel"] == []
    assert types.index("input_audio_buffer.speech_started") < types.index("input_audio_buffer.committed")
    (turn,) = [each for each in told if each.type == "conversation.item.input_audio_transcription.completed"]
    assert understood(words_in(turn.transcript))
    assert told[-1].response.metadata == {"why": "tool"}
    assert told[-1].response.output[0].content[0].transcript == "It is on its way."
    audio = b"".join(base64.b64decode(each.delta) for each in told if each.type == "response.output_audio.delta")
    assert len(audio) > 4000


async def test_the_package_of_openai_speaks(providers: StandIns, require: Any) -> None:
    """As pcm at 24 kHz."""
    require(find_spec("openai") is not None, "the package openai")
    from openai import AsyncOpenAI

    client = AsyncOpenAI(api_key="a key", base_url=providers.env["OPENAI_BASE_URL"])
    reply = await client.audio.speech.create(model="tts-1", voice="alloy", input=PHRASE, response_format="pcm")
    await client.close()
    heard = await providers.engines.recogniser().recognise(resample(reply.content, 24_000, 16_000), 0, None)
    assert understood(words_in(heard.text))


# -- ElevenLabs -------------------------------------------------------------------------------------------------------


@pytest.fixture
def elevenlabs(providers: StandIns, require: Any) -> Any:
    """Its package's client; its own socket speaks TLS alone, which nobody has on loopback."""
    require(find_spec("elevenlabs") is not None, "the package elevenlabs")
    from elevenlabs.client import ElevenLabs

    base = providers.env["ELEVENLABS_BASE_URL"]
    client = ElevenLabs(api_key="a key", base_url=base)
    speech: Any = client.text_to_speech
    speech._ws_base_url = base.replace("http", "ws", 1)
    return client


@pytest.mark.parametrize("output_format", ["ulaw_8000", "mp3_44100_128"])
async def test_the_package_of_elevenlabs_says_texts_that_come_piece_by_piece(
    elevenlabs: Any, providers: StandIns, output_format: str
) -> None:
    """Until the socket is closed, which is the end of all of them."""
    from elevenlabs import VoiceSettings

    def say() -> bytes:
        pieces = elevenlabs.text_to_speech.convert_realtime(
            "a voice",
            text=iter(f"{word} " for word in PHRASE.split()),
            model_id="eleven_flash_v2_5",
            output_format=output_format,
            voice_settings=VoiceSettings(stability=0.5),
        )
        return b"".join(pieces)

    audio = await asyncio.to_thread(say)
    heard = await providers.engines.recogniser().recognise(written(audio, output_format), 0, None)
    assert understood(words_in(heard.text))


async def test_the_package_of_elevenlabs_is_told_of_a_refusal(elevenlabs: Any, providers: StandIns) -> None:
    """As an error of its own."""
    from elevenlabs.core.api_error import ApiError

    providers.fault("elevenlabs-single", "audio", "error", text="quota_exceeded", code=1008)

    def say() -> bytes:
        return b"".join(elevenlabs.text_to_speech.convert_realtime("a voice", text=iter([PHRASE])))

    with pytest.raises(ApiError) as told:
        await asyncio.to_thread(say)
    assert told.value.body["message"] == "quota_exceeded"


async def test_messages_of_several_contexts_are_of_the_types_of_the_package_of_elevenlabs(
    elevenlabs: Any, providers: StandIns
) -> None:
    """It has no client for them: what one would send is understood, and what it would be sent is what it describes."""
    from elevenlabs.types.audio_output_multi import AudioOutputMulti
    from elevenlabs.types.close_context import CloseContext
    from elevenlabs.types.close_socket import CloseSocket
    from elevenlabs.types.final_output_multi import FinalOutputMulti
    from elevenlabs.types.flush_context import FlushContext
    from elevenlabs.types.initialise_context import InitialiseContext
    from elevenlabs.types.initialize_connection_multi import InitializeConnectionMulti
    from elevenlabs.types.keep_context_alive import KeepContextAlive
    from elevenlabs.types.send_text_multi import SendTextMulti
    from websockets.asyncio.client import connect

    first, second = PHRASE[:10], PHRASE[10:]
    asked = [
        InitializeConnectionMulti(context_id="a"),
        SendTextMulti(context_id="a", text=first),
        InitialiseContext(context_id="b", text="Yes. "),
        KeepContextAlive(context_id="b"),
        FlushContext(context_id="a", text=second, flush=True),
        FlushContext(context_id="b", flush=True),
        CloseContext(context_id="a", close_context=True),
        CloseSocket(close_socket=True),
    ]
    where = providers.env["ELEVENLABS_BASE_URL"].replace("http", "ws", 1)
    url = f"{where}/v1/text-to-speech/v/multi-stream-input?output_format=ulaw_8000"
    async with connect(url, additional_headers={"xi-api-key": "a key"}) as socket:
        for message in asked:
            await socket.send(message.json(exclude_none=True))
        told = [json.loads(message) async for message in socket]
    finals = [FinalOutputMulti.model_validate(message) for message in told if message.get("isFinal")]
    audio = [AudioOutputMulti.model_validate(message) for message in told if not message.get("isFinal")]
    assert sorted(str(final.context_id) for final in finals) == ["a", "b"]
    of_a = [one for one in audio if one.context_id == "a"]
    pcmu = b"".join(base64.b64decode(one.audio) for one in of_a)
    heard = await providers.engines.recogniser().recognise(pcm_16k(pcmu), 0, None)
    assert understood(words_in(heard.text))
    letters = [letter for one in of_a if one.alignment for letter in one.alignment.chars or []]
    assert understood(words_in("".join(letters)))


def written(audio: bytes, output_format: str) -> bytes:
    """Pcm at 16 kHz."""
    if output_format.startswith("ulaw"):
        return pcm_16k(audio)
    decoder = Mp3Decoder(16_000)
    return b"".join(decoder.decode(audio)) + decoder.flush()


# -- Telnyx -----------------------------------------------------------------------------------------------------------


async def test_the_package_of_telnyx_says_a_text(providers: StandIns) -> None:
    """In MP3, until it says that no other follows; its own types know every message."""
    from telnyx import AsyncTelnyx

    asked: list[Any] = [{"text": " ", "voice_settings": {"voice_speed": 1.0}}, {"text": PHRASE}, {"text": ""}]
    async with (
        AsyncTelnyx(api_key="a key", base_url=providers.env["TELNYX_SPEECH_BASE_URL"]) as client,
        client.text_to_speech.stream(extra_query={"voice": "Telnyx.NaturalHD.astra"}) as connection,
    ):
        for each in asked:
            await connection.send(each)
        told: list[Any] = [event async for event in connection]
    assert [event.type for event in told] == ["audio_chunk"] * (len(told) - 1) + ["final"]
    mp3 = b"".join(base64.b64decode(event.audio or "") for event in told)
    heard = await providers.engines.recogniser().recognise(written(mp3, "mp3"), 0, None)
    assert understood(words_in(heard.text))


async def test_the_package_of_telnyx_hears_a_caller(providers: StandIns, caller: bytes) -> None:
    """Its own types know every message; the words that are for good are those that were said."""
    from telnyx import AsyncTelnyx

    query = {"transcription_engine": "Deepgram", "model": "nova-3", "language": "en", "input_format": "mulaw",
             "sample_rate": "8000", "interim_results": "true"}  # fmt: skip
    final: list[Any] = []
    async with (
        asyncio.timeout(30),
        AsyncTelnyx(api_key="a key", base_url=providers.env["TELNYX_SPEECH_BASE_URL"]) as client,
        client.speech_to_text.transcribe(extra_query=query) as connection,
    ):
        for frame in frames(caller):
            await connection.send_raw(frame)
            await asyncio.sleep(0.004)
        async for event in connection:
            assert event.type == "transcript"
            if event.is_final and event.transcript:
                final.append(event)
                break
    assert understood(words_in(final[0].transcript))
