"""A PostgreSQL of the tests' own: started in a temporary folder, reached by a socket in it, gone afterwards."""

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

GUARDED = "guarded"  # the one user whom the server asks for a password, once a test has made it
PLACES = ("/usr/lib/postgresql", "/usr/pgsql", "/opt/homebrew/opt", "/usr/local/opt")


def binaries() -> Path | None:
    """Find the folder with initdb and pg_ctl: on the path, or where systems put it; the newest first."""
    on_path = shutil.which("initdb")
    if on_path:
        return Path(on_path).parent
    found = [folder for place in PLACES for folder in Path(place).glob("*/bin") if (folder / "initdb").is_file()]
    return max(found, key=lambda folder: (len(folder.parent.name), folder.parent.name), default=None)


def other_user() -> str | None:
    """Name a user to run the server as, where the tests run as root, whom PostgreSQL refuses."""
    return next((name for name in ("postgres", "nobody") if any(name == user.pw_name for user in pwd.getpwall())), None)


def why_not() -> str | None:
    """Say why no server can be started here; None where one can."""
    if binaries() is None:
        return "no PostgreSQL server is installed (on Debian: apt install postgresql)"
    if os.getuid() == 0 and (other_user() is None or shutil.which("setpriv") is None):
        return "PostgreSQL does not run as root, and there is no other user to run it as"
    return None


@contextmanager
def server(*, durable: bool = False) -> Iterator[str]:
    """Run a server and give the URL of its first database."""
    folder = Path(tempfile.mkdtemp(prefix="toolkit-postgresql-"))
    as_user: list[str] = []
    if os.getuid() == 0:
        user = other_user()
        shutil.chown(folder, user)
        as_user = ["setpriv", f"--reuid={user}", "--clear-groups", "--"]
    data, tools = folder / "data", binaries()
    settings = f"-c listen_addresses= -c unix_socket_directories={folder} -c max_connections=200"
    settings += "" if durable else " -c fsync=off -c full_page_writes=off"

    def run(*words: str) -> None:
        subprocess.run([*as_user, *words], cwd=folder, check=True, stdout=subprocess.DEVNULL, timeout=120)

    try:
        run(f"{tools}/initdb", "-D", str(data), "-U", "tester", "-A", "trust", "-E", "UTF8", "--locale=C", "-N")
        rules = data / "pg_hba.conf"
        rules.write_text(f"local all {GUARDED} scram-sha-256\n{rules.read_text()}")
        run(f"{tools}/pg_ctl", "-D", str(data), "-w", "-l", str(folder / "log"), "-o", settings, "start")
        try:
            yield f"postgresql+psycopg://tester@/postgres?host={folder}"
        finally:
            run(f"{tools}/pg_ctl", "-D", str(data), "-m", "immediate", "-w", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)
