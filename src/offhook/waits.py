"""Every wait of a call: its limit, and what becomes of the call when it is over.

All waits are listed here, and docs/failures.md shows the same table. How they are waited for is
:mod:`offhook.waiting`.
"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = [
    "ALL",
    "ANSWER",
    "APOLOGY",
    "CLOSE",
    "COMMAND",
    "DIALLED",
    "END_OF_TURN",
    "FLUSH",
    "GOODBYE",
    "HANDLER",
    "HANGUP",
    "HANGUP_REPORT",
    "JOURNAL",
    "JOURNAL_START",
    "MEDIA_RESTART",
    "MEDIA_SILENCE",
    "MEDIA_START",
    "MODEL_FIRST",
    "MODEL_NEXT",
    "MODEL_READY",
    "PROVIDER_CONNECT",
    "PROVIDER_WORDS",
    "REALTIME",
    "REALTIME_OF_SEVERAL",
    "RECOGNITION",
    "REPLY_NEXT",
    "SESSION_END",
    "TOOL",
    "TOOLS",
    "TOOLS_START",
    "TRANSFER",
    "VOICE_ACTIVITY",
    "VOICE_FIRST",
    "VOICE_NEXT",
    "VOICE_OF_SEVERAL",
    "Wait",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wait:
    """Something that a call waits for."""

    name: str
    """What is waited for: "a handler"."""
    limit_s: float
    """How long at most, unless whoever waits says otherwise."""
    long_s: float | None = None
    """After how long the caller is told to be patient; ``None``: never."""
    outcome: str
    """What becomes of the call when it is over."""


# -- the program's own code ------------------------------------------------------------------------------------------

HANDLER = Wait(
    name="a handler or the dialog to answer",
    limit_s=30.0,
    long_s=3.0,
    outcome="the caller hears a filler from time to time, then an apology; twice in a row: a person takes over",
)
TOOL = Wait(
    name="a tool to be done",
    limit_s=20.0,
    long_s=1.5,
    outcome="the caller hears a filler from time to time; the model is told that it has not answered, and goes on",
)
TOOLS_START = Wait(
    name="a server of tools to list them",
    limit_s=20.0,
    outcome="the program does not start, and says which server did not answer",
)
TOOLS = Wait(
    name="tools to be used",
    limit_s=60.0,
    long_s=1.5,
    outcome="the caller hears a filler from time to time, then an apology; twice in a row: a person takes over",
)
REPLY_NEXT = Wait(
    name="the next piece of a reply",
    limit_s=10.0,
    long_s=3.0,
    outcome="what there is is said, then a filler, then an apology; the second time in a row a person takes over",
)

# -- language models -------------------------------------------------------------------------------------------------

MODEL_FIRST = Wait(
    name="a model to begin its answer",
    limit_s=1.5,
    outcome="the next model of the agent's list answers; the last one has the time of a dialog",
)
MODEL_NEXT = Wait(
    name="a model to go on with its answer",
    limit_s=1.0,
    outcome="the next model of the agent's list goes on from what was said; the last one has the time of the next "
    "piece of a reply",
)
MODEL_READY = Wait(
    name="the host of a model, at the start",
    limit_s=5.0,
    outcome="calls are taken without it; the first one makes the connection",
)
REALTIME = Wait(
    name="a realtime model to go on with what it was asked for",
    limit_s=5.0,
    outcome="another session takes over, with the next model where there is one, and is asked again; once each has "
    "failed twice in a row, a person takes over, or the carrier's voice apologises and the call ends",
)
REALTIME_OF_SEVERAL = Wait(
    name="a realtime model that is one of several to go on with what it was asked for",
    limit_s=1.2,
    outcome="a session with the next one takes over, and is asked again",
)

# -- speech ----------------------------------------------------------------------------------------------------------

VOICE_ACTIVITY = Wait(
    name="voice activity to judge the caller's audio",
    limit_s=1.0,
    outcome="for the rest of the call, what is louder than the line's noise counts as speech",
)
RECOGNITION = Wait(
    name="the words of the caller",
    limit_s=5.0,
    outcome="nothing was heard, and the caller is asked again; the second time in a row a person takes over, or the "
    "carrier's voice apologises and the call ends",
)
FLUSH = Wait(
    name="the words of a recogniser that hears along",
    limit_s=1.2,
    outcome="the next recogniser is given what was said; where there is none, the words that are known count, and "
    "without any it is as for the words of the caller",
)
END_OF_TURN = Wait(
    name="a recogniser that ends turns to end one",
    limit_s=3.0,
    outcome="voice activity ends it, and the next ones, until the recogniser does so again",
)
VOICE_FIRST = Wait(
    name="the first sound of a sentence",
    limit_s=2.5,
    outcome="another voice says the sentence; where there is none, a person takes over, or the carrier's voice "
    "apologises and the call ends",
)
VOICE_NEXT = Wait(
    name="the next sound of a sentence",
    limit_s=2.0,
    outcome="another voice goes on with the next sentence, or this one where there is no other; the second time in a "
    "row: as for the first sound",
)

VOICE_OF_SEVERAL = Wait(
    name="a sound of a voice that is one of several",
    limit_s=1.0,
    outcome="the next one says the sentence, or what is left of it",
)
PROVIDER_CONNECT = Wait(
    name="a provider over the network to let us in",
    limit_s=4.0,
    outcome="the next recogniser hears all that was said, the next voice says the sentence",
)
PROVIDER_WORDS = Wait(
    name="a recogniser over the network to tell the words of a caller who has stopped",
    limit_s=0.9,
    outcome="what it has told so far counts; one that has told nothing at all twice in a row is given up for the next",
)

# -- the carrier -----------------------------------------------------------------------------------------------------

COMMAND = Wait(
    name="the carrier's answer to a command",
    limit_s=30.0,
    outcome="the command counts as failed: what was to follow from it is undone, and the call is told or hung up",
)
DIALLED = Wait(
    name="the leg of a dial that was interrupted",
    limit_s=10.0,
    outcome="the program ends without it; another process of this connection hangs the leg up when it hears of it",
)
ANSWER = Wait(
    name="the carrier to answer an incoming call",
    limit_s=45.0,
    outcome="it is tried for as long as the phone rings, then the call is rejected",
)
HANGUP = Wait(
    name="the carrier to hang up",
    limit_s=60.0,
    outcome="it is tried again and again; then the call is given up, its slot is free, and the log says so",
)
HANGUP_REPORT = Wait(
    name="the report that a call is over",
    limit_s=15.0,
    outcome="the carrier is asked whether the call lives; if not, or if it does not say, the slot of the call is free",
)
TRANSFER = Wait(
    name="a person to answer a transfer",
    limit_s=45.0,
    long_s=6.0,
    outcome="the caller hears from time to time that it still rings, then that nobody can take the call, and the agent "
    "goes on",
)

# -- the disk --------------------------------------------------------------------------------------------------------

JOURNAL = Wait(
    name="an accepted event to be written down",
    limit_s=0.02,
    outcome="the webhook is acknowledged all the same, and counted: would the process die now, the event would be lost",
)
JOURNAL_START = Wait(
    name="the journal to be read, or asked whose a call is",
    limit_s=3.0,
    outcome="calls are taken without it; what an earlier process left is found by asking the carrier",
)

# -- media -----------------------------------------------------------------------------------------------------------

MEDIA_START = Wait(
    name="the audio of an answered call",
    limit_s=10.0,
    outcome="a new stream is asked for once; then the carrier's voice apologises and the call ends",
)
MEDIA_RESTART = Wait(
    name="a new stream in place of one that was lost",
    limit_s=8.0,
    outcome="the carrier's voice apologises and the call ends",
)
MEDIA_SILENCE = Wait(
    name="the next piece of the caller's audio",
    limit_s=1.0,
    outcome="what the caller was saying counts as said, and is answered",
)

# -- the end ---------------------------------------------------------------------------------------------------------

APOLOGY = Wait(
    name="the carrier's voice to apologise",
    limit_s=12.0,
    outcome="the call is hung up",
)
GOODBYE = Wait(
    name="a goodbye to be heard",
    limit_s=15.0,
    outcome="the call is hung up",
)
SESSION_END = Wait(
    name="a session to end after its call",
    limit_s=8.0,
    outcome="it is cancelled and left behind; the call's slot is free",
)
CLOSE = Wait(
    name="an engine to let go of what it was doing",
    limit_s=1.0,
    outcome="it is left behind",
)

ALL = (
    HANDLER,
    TOOL,
    TOOLS_START,
    TOOLS,
    REPLY_NEXT,
    MODEL_FIRST,
    MODEL_NEXT,
    MODEL_READY,
    REALTIME,
    REALTIME_OF_SEVERAL,
    VOICE_ACTIVITY,
    RECOGNITION,
    FLUSH,
    END_OF_TURN,
    VOICE_FIRST,
    VOICE_NEXT,
    VOICE_OF_SEVERAL,
    PROVIDER_CONNECT,
    PROVIDER_WORDS,
    COMMAND,
    DIALLED,
    ANSWER,
    HANGUP,
    HANGUP_REPORT,
    TRANSFER,
    JOURNAL,
    JOURNAL_START,
    MEDIA_START,
    MEDIA_RESTART,
    MEDIA_SILENCE,
    APOLOGY,
    GOODBYE,
    SESSION_END,
    CLOSE,
)
"""Every wait there is."""
