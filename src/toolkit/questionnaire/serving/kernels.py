"""The kernels behind the pages: how they are started, and when they are ended."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

from jupyter_client.kernelspec import KernelSpec, KernelSpecManager
from jupyter_server.services.kernels.kernelmanager import AsyncMappingKernelManager

from .nursery import CAN_FORK, NAME, Nursery, register

KERNEL = "python3"
SECONDS_AFTER_LEAVING = 300
SECONDS_OF_READING = 12 * 3600
COMMAND = (
    sys.executable,
    "-P",
    "-m",
    "ipykernel_launcher",
    "-f",
    "{connection_file}",
    "--InteractiveShellApp.ignore_cwd=True",
    "--HistoryManager.enabled=False",
)
CULLING = {"cull_interval": 20, "cull_idle_timeout": SECONDS_AFTER_LEAVING, "transport_encryption": "auto"}


class ThisPython(KernelSpecManager):
    """Knows one kernel: the Python that serves, whatever kernels a user has installed."""

    def find_kernel_specs(self) -> dict[str, str]:
        """List the one kernel."""
        return {KERNEL: ""}

    def get_kernel_spec(self, kernel_name: str) -> KernelSpec:
        """Describe it."""
        started = {"kernel_provisioner": {"provisioner_name": NAME}} if CAN_FORK else {}
        return KernelSpec(argv=list(COMMAND), display_name="Python", language="python", metadata=started)

    def get_all_specs(self) -> dict[str, Any]:
        """Describe it in the form of the server's list."""
        return {KERNEL: {"resource_dir": "", "spec": self.get_kernel_spec(KERNEL).to_dict()}}


class ParticipantKernels(AsyncMappingKernelManager):
    """Kernels that write nothing anywhere, and end soon after their page has gone."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)  # type: ignore[no-untyped-call]
        self.nursery = Nursery()
        register()

    async def _async_start_kernel(self, **options: Any) -> str:
        quiet: dict[str, Any] = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        return await super()._async_start_kernel(**options, **quiet)

    start_kernel = _async_start_kernel  # type: ignore[assignment]

    async def cull_kernel_if_idle(self, kernel_id: str) -> None:
        """End a kernel without a page after some minutes, one with a page only after hours without a word."""
        connected = self._kernel_connections.get(kernel_id, 0) > 0
        self.cull_connected = connected
        self.cull_idle_timeout = SECONDS_OF_READING if connected else SECONDS_AFTER_LEAVING
        await super().cull_kernel_if_idle(kernel_id)  # type: ignore[no-untyped-call]
