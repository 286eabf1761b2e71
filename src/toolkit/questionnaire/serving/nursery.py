"""Kernels by fork: one process imports what every kernel needs, and a new kernel is a copy of it.

A kernel is there in a fraction of a second, and kernels share the memory of what they have in common. Run as a module,
this is that one process; it takes a line of JSON for each kernel and gives back the number of its process.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
import threading
from asyncio.subprocess import DEVNULL, PIPE, Process
from importlib.metadata import EntryPoint
from typing import Any, NoReturn

import psutil
from jupyter_client.provisioning.factory import KernelProvisionerFactory
from jupyter_client.provisioning.local_provisioner import LocalProvisioner

NAME = "questionnaire-fork"
MODULE = "toolkit.questionnaire.serving.nursery"
CAN_FORK = sys.platform == "linux"
STREAMS = (0, 1, 2)


class Nursery:
    """The process that kernels are copied from; started with the first kernel, and anew if it has gone."""

    def __init__(self) -> None:
        self._process: Process | None = None
        self._one_at_a_time = asyncio.Lock()

    async def kernel(self, arguments: list[str], folder: str, environment: dict[str, str]) -> int:
        """Make a kernel and give the number of its process."""
        request = json.dumps({"arguments": arguments, "folder": folder, "environment": environment})
        async with self._one_at_a_time:
            process = await self._ready()
            if process.stdin is None or process.stdout is None:
                raise RuntimeError("the process that makes kernels cannot be reached")
            process.stdin.write(f"{request}\n".encode())
            await process.stdin.drain()
            return int(await process.stdout.readline())

    async def _ready(self) -> Process:
        if self._process is None or self._process.returncode is not None:
            command = (sys.executable, "-P", "-m", MODULE)
            self._process = await asyncio.create_subprocess_exec(
                *command, stdin=PIPE, stdout=PIPE, stderr=DEVNULL, start_new_session=True
            )
        return self._process

    async def close(self) -> None:
        """End the process; kernels that are left end with it."""
        if self._process is not None and self._process.returncode is None:
            self._process.kill()
            await self._process.wait()


class Copied:
    """A kernel that is not a child of the server, with what a provisioner asks of a process."""

    stdin = stdout = stderr = None

    def __init__(self, pid: int) -> None:
        self.pid = pid
        try:
            self._process: psutil.Process | None = psutil.Process(pid)
        except psutil.NoSuchProcess:
            self._process = None

    def poll(self) -> int | None:
        """Give None while it runs."""
        return None if self._process is not None and self._process.is_running() else 0

    def wait(self) -> int:
        """Give an exit code; nobody waits for a process that runs."""
        return 0

    def send_signal(self, number: int) -> None:
        """Send a signal, unless it has gone."""
        if self._process is not None and self._process.is_running():
            self._process.send_signal(number)

    def kill(self) -> None:
        """End it at once."""
        self.send_signal(signal.SIGKILL)

    def terminate(self) -> None:
        """Ask it to end."""
        self.send_signal(signal.SIGTERM)


class ForkedKernel(LocalProvisioner):
    """Has its kernel made by the nursery of the server."""

    async def launch_kernel(self, cmd: list[str], **options: Any) -> Any:
        """Make the kernel; the command's arguments are those that follow the module."""
        arguments = cmd[cmd.index("ipykernel_launcher") + 1 :]
        kernels: Any = self.parent
        nursery: Nursery = kernels.parent.nursery
        self.pid = await nursery.kernel(arguments, options.get("cwd") or os.getcwd(), dict(options["env"]))
        self.process, self.pgid = Copied(self.pid), self.pid  # type: ignore[assignment]
        return self.connection_info


def register() -> None:
    """Make the way of starting kernels known to jupyter_client."""
    factory = KernelProvisionerFactory.instance()
    factory.provisioners[NAME] = EntryPoint(NAME, f"{MODULE}:ForkedKernel", factory.GROUP_NAME)


def main() -> None:
    """Import, then make kernels until the server has gone."""
    _import_what_kernels_need()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # kernels that end leave no remains
    for line in sys.stdin:
        request = json.loads(line)
        pid = os.fork()
        if pid == 0:
            _become_a_kernel(**request)
        os.write(1, f"{pid}\n".encode())


def _import_what_kernels_need() -> None:
    import gc

    import ipykernel.kernelapp  # noqa: F401

    import toolkit.questionnaire.widget  # noqa: F401

    if threading.active_count() > 1:
        raise RuntimeError("a process with threads cannot be copied")
    gc.collect()
    gc.freeze()


def _become_a_kernel(arguments: list[str], folder: str, environment: dict[str, str]) -> NoReturn:
    """Turn this copy into a kernel that ends with its parent: a session, a folder, an environment, no listener."""
    try:
        os.setsid()
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        nowhere = os.open(os.devnull, os.O_RDWR)
        for stream in STREAMS:
            os.dup2(nowhere, stream)
        os.chdir(folder)
        os.environ.clear()
        os.environ.update(environment)
        from ipykernel.kernelapp import launch_new_instance

        launch_new_instance(argv=[*arguments, f"--IPKernelApp.parent_handle={os.getppid()}"])
    finally:
        os._exit(0)


if __name__ == "__main__":
    main()
