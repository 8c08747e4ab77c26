"""`chat`: talk with a model on a clock of one's own."""

import sys
from collections.abc import Iterator
from datetime import datetime
from math import inf
from pathlib import Path
from typing import Any, Literal

from chronolect.artifacts import write_bytes
from chronolect.dialogue.files import iterate_records, json_line, phase_list_bytes
from chronolect.dialogue.messages import Conversation, read_timed
from chronolect.errors import UserError
from chronolect.models.language_model import DType, short_name
from chronolect.models.opening import is_address, open_model
from chronolect.models.sampling import Sampling
from chronolect.serving.clock import Clock, RealClock, SimulatedClock, parse_moment, read_zone
from chronolect.serving.conversation import ConversationEngine
from chronolect.serving.lines import open_lines
from chronolect.serving.session import Session
from chronolect.serving.view import View


def chat(
    model: str,
    *,
    clock: Literal["real", "simulated"] = "real",
    start: str | None = None,
    timezone: str | None = None,
    speed: float = 1.0,
    tick_every: float | None = None,
    most_ticks: int = 3,
    system: str | None = None,
    show_thoughts: bool = False,
    script: Path | None = None,
    save: Path | None = None,
    resume: Path | None = None,
    max_tokens: int = 512,
    temperature: float = 0.6,
    chat_template: str | None = None,
    model_name: str | None = None,
    dtype: DType = "float32",
    device: str = "auto",
    threads: int | None = None,
    seed: int = 0,
) -> dict[str, Any]:
    """Talk with a model that is told what time it is: each turn carries a stamp, and ticks tell it that time passes.

    Lines come from the terminal, from standard input, or from a script. A line that begins with / is a command: /wait 3 days, /at 2024-12-24T18:00,
    /stamp 2023-02-30T10:00, /tick, /now, /thoughts, /retry, /drop, /help, /quit. What the model thinks stays in the conversation and is
    not shown; where it says nothing, that is shown. The conversation is saved after every turn.

    Args:
        model: A Hugging Face folder, an adapter, a .gguf file, an http(s) address or "dummy".
        clock: The real time, or a simulated one that can be moved.
        start: Where a simulated clock begins, such as 2024-03-01T10:00:00; by default now, or with --resume at the last stamp.
        timezone: Time zone by its IANA name, such as Asia/Kolkata: stamps then carry an offset. By default the machine's time, without one.
        speed: Seconds that pass on a simulated clock in a real one; 0 lets it stand, so that a script gives the same stamps each time.
        tick_every: Send a tick when so many seconds have passed on the clock since the last turn; by default never.
        most_ticks: Ticks in a row without a word of the user.
        system: System prompt.
        show_thoughts: Show think blocks, too.
        script: File of lines to say and commands, in place of standard input; lines that begin with # are left out.
        save: File to keep the conversation in: .json for a phase list, any other name for JSON lines. By default that of --resume.
        resume: File of one conversation to go on with.
        max_tokens: Longest reply.
        temperature: Of sampling; 0 takes the likeliest token.
        chat_template: Chat template in place of the model's own: a file, or a built-in one such as time (folders and files).
        model_name: Name of the model on an OpenAI-compatible server; by default the only one it offers.
        dtype: Type of the weights in memory (folders only).
        device: cpu, cuda or auto (folders only).
        threads: Number of processor threads (folders and files).
        seed: Seed of sampling: the same conversation gets the same reply.

    Returns:
        `messages`, and how many `turns`, `ticks`, `silences` and `failures` there were; under `screen` the conversation as it was shown, or on a
        terminal, where it stands already, how long it was.

    Raises:
        UserError: For a model, a file, a zone or a moment that is none, and, where no person can mend it, for a command that is none and a turn
            without a reply.
    """
    for flag, value, least in (("--max-tokens", max_tokens, 1), ("--most-ticks", most_ticks, 0)):
        if value < least:
            raise UserError(f"{flag} {value}: at least {least}")
    for flag, amount in (("--temperature", temperature), ("--speed", speed)):
        if not 0 <= amount < inf:
            raise UserError(f"{flag} {amount}: a number, at least 0")
    if tick_every is not None and not 0 < tick_every < inf:
        raise UserError(f"--tick-every {tick_every}: more than 0 seconds")
    messages, metadata = _resumed(resume) if resume is not None else ([], {})
    if system is not None and messages:
        raise UserError(f"{resume}: the conversation has begun; leave --system out")
    if save is None:
        save = resume
    elif save.exists() and save != resume:
        raise UserError(f"--save {save}: the file exists; go on with it (--resume {save}), or name another")
    time = _clock(clock, start, timezone, speed, messages)
    lines = open_lines(script, in_time=tick_every is not None and time.speed > 0)
    opened = open_model(
        model,
        model_name=model_name,
        dtype=dtype,
        device=device,
        threads=threads,
        seed=seed,
        chat_template=chat_template,
    )
    try:
        engine = ConversationEngine(
            opened,
            time,
            messages=messages,
            system=system,
            tick_every_s=tick_every,
            most_ticks=most_ticks,
            max_tokens=max_tokens,
            sampling=Sampling(temperature=temperature),
            seed=seed,
        )
        metadata |= {"model": opened.name if is_address(model) else model, "clock": clock, "timezone": timezone}

        def keep() -> None:
            if save is not None:
                write_bytes(save, _file(save, engine.messages, metadata))

        session = Session(engine, View(short_name(opened.name), thoughts=show_thoughts), lines, keep)
        session.run()
    finally:
        opened.close()
    found = {"messages": engine.messages, **session.counts, "saved": None if save is None else str(save)}
    shown = session.summary() if lines.person and sys.stdout.isatty() else "\n".join(session.shown)
    return {**found, "screen": shown}


def _clock(
    kind: Literal["real", "simulated"], start: str | None, timezone: str | None, speed: float, messages: Conversation
) -> Clock:
    zone = read_zone(timezone) if timezone is not None else None
    if kind == "real":
        for flag, given in (("--start", start is not None), ("--speed", speed != 1)):
            if given:
                raise UserError(f"{flag}: the real clock goes as it goes; add --clock simulated")
        return RealClock(zone)
    if start is not None:
        return SimulatedClock(parse_moment(start), zone=zone, speed=speed)
    last = next(_moments(reversed(messages)), None) or datetime.now(zone).replace(microsecond=0)
    return SimulatedClock(last, zone=zone, speed=speed)


def _moments(messages: Iterator[dict[str, str]]) -> Iterator[datetime]:
    """The moments at which the user spoke, as far as their stamps are any."""
    for message in messages:
        stamp = read_timed(message).stamp if message["role"] == "user" else None
        if stamp is not None and stamp.moment is not None:
            yield stamp.moment


def _resumed(path: Path) -> tuple[Conversation, dict[str, Any]]:
    found = list(iterate_records(path))
    if len(found) != 1:
        raise UserError(f"--resume {path}: {len(found):,} conversations in it; give a file of one")
    return found[0]


def _file(path: Path, messages: Conversation, metadata: dict[str, Any]) -> bytes:
    if path.suffix == ".json":
        return phase_list_bytes([messages])
    return (json_line(messages, metadata) + "\n").encode()
