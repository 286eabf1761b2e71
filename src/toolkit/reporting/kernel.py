"""The kernel that notebooks run in: always this Python, whatever kernels are registered on the machine."""

from __future__ import annotations

import sys
from typing import Any

from jupyter_client.manager import AsyncKernelManager


class ThisPythonManager(AsyncKernelManager):
    """Starts ipykernel with the running interpreter, and encrypts its transport where that is possible.

    Modules that lie in the study's folder are not found by `import`: data must not bring code.
    """

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if self.has_trait("transport_encryption"):
            self.transport_encryption = "auto"

    def format_kernel_cmd(self, extra_arguments: list[str] | None = None) -> list[str]:
        """Build the command that starts the kernel."""
        command = super().format_kernel_cmd(extra_arguments)
        return [sys.executable, "-P", *command[1:], "--InteractiveShellApp.ignore_cwd=True"]
