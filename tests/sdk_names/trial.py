"""Runs `program` on a copy of the SDK, over a wire that is cut, and says what was lost."""

import asyncio
import json
import os
import sys
from datetime import timedelta
from pathlib import Path

import msgspec

from boilermaker.localbus.server import LocalServiceBus
from boilermaker.localbus.settings import QueueSettings
from sdk_names import program
from sdk_names.renaming import copy_without
from transport.wires import Wire

_SECONDS = 90


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """What became of the workflows on an SDK without this name; `said` is what the program logged."""

    name: str
    findings: tuple[str, ...]
    said: str


async def trial(name: str, folder: Path) -> Report:
    """Let it run on an SDK that has no such name."""
    path = [str(copy_without(name, folder)), *filter(None, [os.environ.get("PYTHONPATH")])]
    queues = [QueueSettings(name="jobs", lock_duration=timedelta(seconds=5)), QueueSettings(name="other")]
    with LocalServiceBus(queues) as bus:
        wire = Wire(bus.port)
        await wire.connect()
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            program.__file__,
            bus.connection_string.replace(f":{bus.port}", f":{wire.port}"),
            env={**os.environ, "PYTHONPATH": os.pathsep.join(path)},
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        try:
            async with asyncio.timeout(_SECONDS):
                last, said = await asyncio.gather(_lead(process, wire, bus), _read_all(process.stderr))
                await process.wait()
        except TimeoutError:
            process.kill()
            return Report(name=name, findings=(f"not done after {_SECONDS} s",), said="")
        finally:
            await wire.disconnect()
        return Report(name=name, findings=tuple(_findings(process.returncode, last, bus)), said=said)


async def _lead(process: asyncio.subprocess.Process, wire: Wire, bus: LocalServiceBus) -> str:
    if process.stdin is None or process.stdout is None:
        raise RuntimeError("the program has no pipes")
    last = ""
    while line := (await process.stdout.readline()).decode().strip():
        last = line
        if line == "cut":
            await wire.cut()
        elif line == "look":
            while bus.counts()["jobs"].active:  # noqa: ASYNC110 - in another thread
                await asyncio.sleep(0.02)
        else:
            continue
        process.stdin.write(b"\n")
        await process.stdin.drain()
    return last


async def _read_all(stream: asyncio.StreamReader | None) -> str:
    return "" if stream is None else (await stream.read()).decode(errors="replace")


def _findings(status: int | None, last: str, bus: LocalServiceBus) -> list[str]:
    if status:
        return [f"the program ended with status {status}"]
    told, counts = json.loads(last), bus.counts()["jobs"]
    every = program.FIRST + program.LAST
    findings = []
    if told["ended"] != every:
        findings.append(f"{told['ended']} of {every} workflows ended")
    if told["given_back"]:
        findings.append(f"{told['given_back']} messages were given back at the stop")
    if counts.active or counts.scheduled or counts.dead_letter:
        findings.append(f"left in the queue, though all had run: {counts}")
    return findings
