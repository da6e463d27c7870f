"""The command line: verbs, their options, and exit codes. What a verb does lies in the module named after it.

Exit codes: docs/json.md has the table.
"""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import sys
from contextlib import nullcontext, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, NoReturn, cast

import typer

from offhook import __version__
from offhook.cli import streams
from offhook.cli.console import (
    EXIT_FAILED,
    EXIT_INTERRUPTED,
    EXIT_NOBODY_READS,
    EXIT_TERMINATED,
    EXIT_USAGE,
    fail,
    stderr,
    stdout,
)
from offhook.errors import CallError, CarrierError, ConfigError, OffhookError
from offhook.logs import log_to, log_unhandled

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

__all__ = ["app", "run"]

app = typer.Typer(
    name="offhook",
    help="AI agents that talk on the phone, and the telephone exchange to try them on your own machine.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Exit codes: 0 done, 1 it ran and did not succeed, 2 wrong words or settings and nothing was started, "
    "130 Ctrl-C, 141 whoever read stdout has gone, 143 SIGTERM (serve, dev and exchange up: 0).",
)
exchange_app = typer.Typer(
    help="A local telephone exchange that speaks Telnyx's API.", no_args_is_help=True, rich_markup_mode=None
)
bench_app = typer.Typer(help="Benchmarks beside peers, in one run.", no_args_is_help=True, rich_markup_mode=None)
app.add_typer(exchange_app, name="exchange")
app.add_typer(bench_app, name="bench")
providers_app = typer.Typer(
    help="Stand-ins on this machine for the speech and language services that an agent uses.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
app.add_typer(providers_app, name="providers")

Codec = Literal["PCMU", "PCMA", "G722"]
AgentPath = Annotated[str, typer.Argument(metavar="APP", help="The agent: module:name; for app.py, app:agent.")]
Json = Annotated[bool, typer.Option("--json", help="One JSON object, last on stdout.")]
JsonEvents = Annotated[bool, typer.Option("--json", help="Events as JSON lines on stdout.")]
ExchangePort = Annotated[int, typer.Option(help="Port of the local exchange; 0 takes a free one.", min=0, max=65535)]
ServerPort = Annotated[
    int | None,
    typer.Option(
        help="Port to listen on; 0 takes a free one.  [default: OFFHOOK_PORT, 8080]",
        min=0,
        max=65535,
        show_default=False,
    ),
]
Transcripts = Annotated[
    bool, typer.Option("--transcripts", help="Show what is said too, keys and numbers: personal data.")
]
Debug = Annotated[
    bool, typer.Option("--debug", help="Log everything, with the texts of exceptions, which may quote callers.")
]
RunningPort = Annotated[int, typer.Option(help="Port of the local exchange.", min=1, max=65535)]


def _version(value: bool) -> None:
    if value:
        typer.echo(f"offhook {__version__}")
        raise typer.Exit


@app.callback()
def _main(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None: ...


@app.command()
def demo(
    name: Annotated[str, typer.Argument(metavar="[NAME]", help="Which one: see --list.")] = "front-desk",
    as_json: Json = False,
    output: Annotated[
        Path, typer.Option("--output", "-o", help="Folder for recording, transcript and timeline.")
    ] = Path("offhook-calls"),
    codec: Annotated[Codec, typer.Option(help="Codec of the phone line.")] = "PCMU",
    voice: Annotated[str | None, typer.Option(help="The agent's voice: flite, flite:rms, espeak …")] = None,
    list_: Annotated[bool, typer.Option("--list", help="Show which demonstrations there are.")] = False,
) -> None:
    """Hold a whole phone conversation on this machine and show it. No account, no key, no network."""
    from offhook.cli.demo import list_demos, run_demo

    if list_:
        raise typer.Exit(list_demos(as_json=as_json))
    _run(run_demo(name, output=output, codec=codec, voice=voice, as_json=as_json))


@app.command()
def dev(
    agent: AgentPath,
    port: ExchangePort = 12111,
    debug: Debug = False,
    as_json: JsonEvents = False,
) -> None:
    """Talk to your agent in the browser; it is reloaded when you save."""
    from offhook.cli.dev import run_dev

    _run(run_dev(agent, port=port, debug=debug, as_json=as_json), goes_on=True)


@app.command()
def check(agent: AgentPath, debug: Debug = False, as_json: Json = False) -> None:
    """Ask every provider that your agent needs once, and show whether it works and how soon it answers."""
    from offhook.cli.check import run_check

    with stdout.claimed() if as_json else nullcontext():
        _run(run_check(agent, debug=debug, as_json=as_json))


@app.command()
def serve(
    agent: AgentPath,
    host: Annotated[str | None, typer.Option(help="Address to listen on.  [default: OFFHOOK_HOST, 127.0.0.1]")] = None,
    port: ServerPort = None,
    public_url: Annotated[
        str | None, typer.Option(envvar="OFFHOOK_PUBLIC_URL", help="Where the carrier reaches this server.")
    ] = None,
    insecure: Annotated[bool, typer.Option(help="Accept unsigned webhooks; only on loopback.")] = False,
    transcripts: Transcripts = False,
    debug: Debug = False,
    as_json: JsonEvents = False,
) -> None:
    """Put your agent on a number: a real one at Telnyx, or one of the local exchange.

    Reads TELNYX_API_KEY, TELNYX_PUBLIC_KEY, TELNYX_BASE_URL and OFFHOOK_PUBLIC_URL.
    """
    from offhook.cli.serve import run_serve
    from offhook.cli.show import Show

    show = Show(as_json=as_json, transcripts=transcripts, debug=debug)
    _run_calls(
        run_serve(agent, host=host, port=port, public_url=public_url, insecure=insecure, show=show),
        as_json,
        goes_on=True,
    )


@app.command()
def call(
    to: Annotated[str, typer.Argument(help="Whom to call: +1… or a SIP URI.")],
    agent: AgentPath,
    from_: Annotated[str | None, typer.Option("--from", envvar="OFFHOOK_FROM", help="Your number.")] = None,
    port: ServerPort = None,
    public_url: Annotated[
        str | None, typer.Option(envvar="OFFHOOK_PUBLIC_URL", help="Where the carrier reaches this server.")
    ] = None,
    transcripts: Transcripts = False,
    debug: Debug = False,
    as_json: Json = False,
) -> None:
    """Call somebody and let your agent talk to them."""
    from offhook.cli.serve import run_call
    from offhook.cli.show import Show

    show = Show(as_json=as_json, transcripts=transcripts, debug=debug)
    _run_calls(run_call(to, agent, from_=from_, port=port, public_url=public_url, show=show), as_json)


@exchange_app.command("up")
def exchange_up(
    port: ExchangePort = 12111,
    seed: Annotated[Path | None, typer.Option(help="TOML file of numbers, applications and phones.")] = None,
    webhook_url: Annotated[
        str | None, typer.Option(help="Where your program takes webhooks; overrides the seed.")
    ] = None,
    as_json: JsonEvents = False,
) -> None:
    """Start the exchange and show what happens in it. Ctrl-C ends it."""
    from offhook.cli.exchange import run_up

    _run(run_up(port=port, seed=seed, webhook_url=webhook_url, as_json=as_json), goes_on=True)


@exchange_app.command("env")
def exchange_env(port: RunningPort = 12111, as_json: Json = False) -> None:
    """Print what points a Telnyx program at the exchange: eval "$(offhook exchange env)"."""
    from offhook.cli.exchange import run_env

    _run(run_env(port=port, as_json=as_json))


@exchange_app.command("status")
def exchange_status(port: RunningPort = 12111, as_json: Json = False) -> None:
    """Show numbers, applications, calls and webhook deliveries."""
    from offhook.cli.exchange import run_status

    _run(run_status(port=port, as_json=as_json))


@exchange_app.command("call")
def exchange_call(
    to: Annotated[str | None, typer.Option(help="A number of the exchange; default: its first.")] = None,
    from_: Annotated[str | None, typer.Option("--from", help="The caller's number.")] = None,
    say: Annotated[
        list[str] | None, typer.Option("--say", help="What the caller says, in turn; may be given again.")
    ] = None,
    script: Annotated[Path | None, typer.Option(help="A script of steps (TOML).")] = None,
    codec: Annotated[Codec, typer.Option(help="Codec of the phone line.")] = "PCMU",
    recording: Annotated[Path | None, typer.Option(help="Where to write the stereo WAV.")] = None,
    port: RunningPort = 12111,
    as_json: Json = False,
) -> None:
    """Call a number of the exchange as a simulated caller and show the conversation."""
    from offhook.cli.exchange import run_call

    _run(run_call(to=to, from_=from_, say=say, script=script, codec=codec, recording=recording, port=port,
                  as_json=as_json))  # fmt: skip


StandInsPort = Annotated[int, typer.Option(help="Port of the stand-ins.", min=1, max=65535)]


@providers_app.command("up")
def providers_up(
    port: Annotated[int, typer.Option(help="Port to listen on; 0 takes a free one.", min=0, max=65535)] = 12112,
    hear: Annotated[
        list[str] | None, typer.Option("--hear", help="What is heard, in turn, whatever is said; may be given again.")
    ] = None,
    as_json: JsonEvents = False,
) -> None:
    """Start the stand-ins, with the engines of this machine behind them. Ctrl-C ends it."""
    from offhook.cli.providers import run_up

    _run(run_up(port=port, hear=hear or [], as_json=as_json), goes_on=True)


@providers_app.command("env")
def providers_env(port: StandInsPort = 12112, as_json: Json = False) -> None:
    """Print what points programs at the stand-ins: eval "$(offhook providers env)"."""
    from offhook.cli.providers import run_env

    _run(run_env(port=port, as_json=as_json))


@providers_app.command("fault")
def providers_fault(
    door: Annotated[str | None, typer.Argument(help="deepgram, assemblyai, flux, aura, chat …; * is any.")] = None,
    stage: Annotated[str, typer.Argument(help="connect, or a message as providers up shows it; * is any.")] = "connect",
    kind: Annotated[str, typer.Argument(help="refuse, hang, silence, garbage, close, error, slow …")] = "refuse",
    times: Annotated[int, typer.Option(min=0, help="How often; 0: always.")] = 1,
    after: Annotated[int, typer.Option(min=0, help="How many such messages are let through before.")] = 0,
    status: Annotated[int, typer.Option(help="The HTTP status of refuse.")] = 401,
    code: Annotated[int, typer.Option(help="The code of close and error.")] = 1008,
    delay_ms: Annotated[float, typer.Option(help="How long slow and late take.")] = 300.0,
    garbage: Annotated[str, typer.Option(help="json, shape, array, binary, text, empty or huge.")] = "json",
    port: StandInsPort = 12112,
    as_json: Json = False,
) -> None:
    """Let something go wrong at the stand-ins; without a door, nothing any more."""
    from offhook.cli.providers import run_fault

    fault = {"door": door, "stage": stage, "kind": kind, "times": times or None, "after": after, "status": status,
             "code": code, "delay_ms": delay_ms, "garbage": garbage}  # fmt: skip
    _run(run_fault(port=port, fault=fault if door is not None else None, as_json=as_json))


@providers_app.command("faults")
def providers_faults(
    only: Annotated[
        str | None, typer.Option("--only", help="recogniser, voice, model, tool, realtime, or a provider's name.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Let every provider fail in every way, each on a call, against stand-ins; 1 if a call does not go on as stated."""
    from offhook.cli.faults import run_faults

    _run(run_faults(only, as_json=as_json))


@bench_app.command("media")
def bench_media(
    rounds: Annotated[int, typer.Option(min=1, max=20, help="How often each server is measured.")] = 3,
    seconds: Annotated[float, typer.Option(min=0.5, max=60, help="How long each time.")] = 3.0,
    connections: Annotated[int, typer.Option(min=1, max=1000, help="Calls at once.")] = 100,
    as_json: Json = False,
) -> None:
    """CPU time of our media plane for each frame pair, beside a FastAPI server and a C server."""
    from offhook.cli.bench import run_media

    run_media(rounds=rounds, seconds=seconds, connections=connections, as_json=as_json)


@bench_app.command("calls")
def bench_calls(
    callers: Annotated[
        list[int] | None, typer.Option(min=1, max=1000, help="How many callers come; may be given again.")
    ] = None,
    seconds: Annotated[float, typer.Option(min=0, max=600, help="Over how long they arrive.")] = 5.0,
    as_json: Json = False,
) -> None:
    """Callers at once on an agent with the engines of this machine: how many are taken, how soon they are answered."""
    from offhook.cli.bench import run_calls

    run_calls(callers=callers or [10, 25, 50], over_s=seconds, as_json=as_json)


@bench_app.command("echo")
def bench_echo(as_json: Json = False) -> None:
    """What an agent takes its own words for when the line returns them, and whether callers still get through."""
    from offhook.cli.bench import run_echo

    run_echo(as_json=as_json)


@bench_app.command("turns")
def bench_turns(
    calls: Annotated[int, typer.Option(min=1, max=500, help="Calls at once, on one core.")] = 50,
    turns: Annotated[int, typer.Option(min=1, max=100, help="Turns of each.")] = 8,
    livekit: Annotated[
        Path | None, typer.Option(help="A Python with livekit-agents: its AgentSession holds the same calls.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Our share of a turn, from its end to the first sound of the answer, with engines of known delay."""
    from offhook.cli.bench import run_turns

    run_turns(calls=calls, turns=turns, livekit=livekit, as_json=as_json)


@bench_app.command("providers")
def bench_providers(
    streams: Annotated[int, typer.Option(min=1, max=500, help="Calls at once.")] = 40,
    seconds: Annotated[float, typer.Option(min=0.5, max=60, help="How long each time.")] = 5.0,
    rounds: Annotated[int, typer.Option(min=1, max=20, help="How often each client is measured.")] = 3,
    livekit: Annotated[
        Path | None, typer.Option(help="A Python that has livekit-plugins-deepgram, to compare with.")
    ] = None,
    as_json: Json = False,
) -> None:
    """CPU time of a call's audio on its way to a recogniser over the network, beside other clients."""
    from offhook.cli.bench import run_providers

    run_providers(streams=streams, seconds=seconds, rounds=rounds, livekit=livekit, as_json=as_json)


class _Verb:
    """What is known of the verb that runs."""

    goes_on = False
    """Whether it goes on until it is told to end, and carries calls meanwhile. What such a verb prints is dropped when
    nobody takes it; what others print is their result."""


def _run(
    work: Coroutine[Any, Any, int | None],
    loop_factory: Callable[[], asyncio.AbstractEventLoop] | None = None,
    *,
    goes_on: bool = False,
) -> None:
    _Verb.goes_on = goes_on
    interrupted = False
    try:
        with asyncio.Runner(loop_factory=loop_factory) as runner:
            runner.get_loop().set_exception_handler(log_unhandled)
            try:
                code = runner.run(_until_terminated(work))
            except KeyboardInterrupt:
                interrupted = True
                # What is left is to wait for threads, of a model that loads for example. Nobody has to wait for that.
                signal.signal(signal.SIGINT, lambda *_: os._exit(EXIT_INTERRUPTED))
                raise
        raise typer.Exit(code or 0)
    except RuntimeError:
        if not interrupted:
            raise
        # A loop that is interrupted in its last step stops once more when it is closed, which asyncio takes amiss.
        raise KeyboardInterrupt from None
    except asyncio.CancelledError:  # by SIGTERM: everything was cleaned up as on Ctrl-C
        raise typer.Exit(EXIT_TERMINATED) from None


async def _until_terminated(work: Coroutine[Any, Any, int | None]) -> int | None:
    """SIGTERM ends the work as Ctrl-C does, unless the work has a handler of its own."""
    task = asyncio.current_task()
    assert task is not None
    with suppress(NotImplementedError, RuntimeError, ValueError):  # outside the main thread
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    return await work


def _run_calls(work: Coroutine[Any, Any, int | None], as_json: bool, *, goes_on: bool = False) -> None:
    """The same, on the loop for processes that carry calls; what the agent's own code prints is no JSON of ours."""
    from offhook.server.loop import loop_factory

    with stdout.claimed() if as_json else nullcontext():
        _run(work, loop_factory(), goes_on=goes_on)


def run() -> None:
    """The entry point of the ``offhook`` command."""
    streams.open_streams()
    log_to(stderr.write)
    try:
        _dispatch()
    except SystemExit as leaving:
        raise SystemExit(_last_words(leaving)) from None


def _last_words(leaving: SystemExit) -> object:
    """Wait until what was printed is read; the exit code, which is another one if the result could not be told."""
    if _Verb.goes_on or leaving.code in (EXIT_INTERRUPTED, EXIT_TERMINATED):
        streams.finish(streams.LAST_WORDS_S)
    else:
        try:
            streams.finish(None)
        except KeyboardInterrupt:
            return EXIT_INTERRUPTED
    told = streams.stdout
    if told.reader_gone:
        return EXIT_NOBODY_READS
    if told.lost and not _Verb.goes_on and not leaving.code:
        return _leave(
            ConfigError(f"expected to write to stdout, got: {told.reason}.", fix="send it where there is room for it"),
            EXIT_FAILED,
        )
    return leaving.code


def _dispatch() -> NoReturn:
    try:
        raise SystemExit(app(prog_name="offhook", standalone_mode=False) or 0)
    except (CallError, CarrierError) as error:
        _fail(error, EXIT_FAILED)
    except OffhookError as error:
        _fail(error, EXIT_USAGE)
    except _WrongWords as error:
        _explain(error)
    except (KeyboardInterrupt, typer.Abort):
        raise SystemExit(EXIT_INTERRUPTED) from None
    except Exception as error:
        # A mistake of ours. Its text may hold what a caller has said.
        logging.getLogger("offhook").critical("this should not happen", exc_info=error)
        _fail(
            CallError(
                f"expected to go on, got {type(error).__name__}, which is a mistake in offhook.",
                fix="report it with the line above, please",
            ),
            EXIT_FAILED,
        )


def _fail(error: OffhookError, exit_code: int) -> NoReturn:
    fail(error, exit_code=exit_code, as_json="--json" in sys.argv[1:])


def _leave(error: OffhookError, exit_code: int) -> object:
    try:
        _fail(error, exit_code)
    except SystemExit as leaving:
        streams.finish(streams.LAST_WORDS_S)
        return leaving.code


_WrongWords = cast("type[Exception]", typer.BadParameter.__mro__[1])
"""What the words of a command line can be wrong in; typer gives its subclasses only."""


def _explain(error: Any) -> NoReturn:
    if type(error).__name__ == "NoArgsIsHelpError":
        error.show()
        raise SystemExit(EXIT_USAGE)
    message = error.format_message().replace("Value error, ", "")
    path = error.ctx.command_path if error.ctx is not None else "offhook"
    _fail(ConfigError(f"{message[:1].lower()}{message[1:]}", fix=f"see what it takes: {path} --help"), EXIT_USAGE)
