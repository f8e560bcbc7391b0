"""A real OpenSSH server on the loopback, and a link to it that can be cut."""

import dataclasses
import getpass
import shutil
import socket
import subprocess
import threading
import time
from pathlib import Path

CONFIG = """
ListenAddress 127.0.0.1
Port {port}
HostKey {root}/host_key
AuthorizedKeysFile {root}/.ssh/id_ed25519.pub
PidFile {root}/sshd.pid
PasswordAuthentication no
StrictModes no
UsePAM no
Subsystem sftp internal-sftp
"""


def program() -> str | None:
    """Path of ``sshd``; null where there is none."""
    return shutil.which("sshd", path="/usr/sbin:/usr/local/sbin:/usr/bin:/sbin")


@dataclasses.dataclass(frozen=True)
class Server:
    """A running server, and the home of a user it lets in."""

    root: Path
    port: int
    process: subprocess.Popen[bytes]

    def url(self, folder: Path, port: int | None = None) -> str:
        """Address of a folder, through another port if one is named."""
        return f"sftp://{getpass.getuser()}@127.0.0.1:{port or self.port}{folder}"

    def know(self, port: int) -> None:
        """Write the key of the server down under a port, as ``ssh-keyscan`` does."""
        key = " ".join((self.root / "host_key.pub").read_text().split()[:2])
        with (self.root / ".ssh" / "known_hosts").open("a") as file:
            file.write(f"[127.0.0.1]:{port} {key}\n")


def start(root: Path) -> Server:
    """Start a server whose keys lie in `root`."""
    (root / ".ssh").mkdir()
    Path("/run/sshd").mkdir(exist_ok=True)
    for name in ("host_key", ".ssh/id_ed25519"):
        make = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(root / name)]
        subprocess.run(make, check=True)  # noqa: S603
    port = free_port()
    (root / "sshd_config").write_text(CONFIG.format(root=root, port=port))
    command = [str(program()), "-D", "-e", "-f", str(root / "sshd_config")]
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL)  # noqa: S603
    _await(port)
    return Server(root, port, process)


def free_port() -> int:
    """A port nobody listens at."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port: int = taken.getsockname()[1]
    return port


def _await(port: int) -> None:
    for _ in range(200):
        try:
            socket.create_connection(("127.0.0.1", port)).close()
        except ConnectionRefusedError:
            time.sleep(0.05)
        else:
            return
    message = f"expected a server at port {port} within 10 s, found none"
    raise TimeoutError(message)


class Link:
    """A way to a port that falls dead after so many bytes have passed.

    Parameters
    ----------
    to_port
        Where it leads.
    n_bytes
        Bytes it carries, both ways together.
    """

    def __init__(self, to_port: int, n_bytes: int) -> None:
        """Listen at a free port."""
        self._to, self._left = to_port, n_bytes
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listening.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    @property
    def was_cut(self) -> bool:
        """Whether the bytes were used up."""
        return self._left <= 0

    def close(self) -> None:
        """Listen no more."""
        self._listening.close()

    def _serve(self) -> None:
        while True:
            try:
                near, _ = self._listening.accept()
            except OSError:
                return
            far = socket.create_connection(("127.0.0.1", self._to))
            pair = (near, far)
            threading.Thread(target=self._join, args=pair, daemon=True).start()

    def _join(self, near: socket.socket, far: socket.socket) -> None:
        back = threading.Thread(target=self._carry, args=(far, near), daemon=True)
        with near, far:
            back.start()
            self._carry(near, far)
            back.join()

    def _carry(self, source: socket.socket, target: socket.socket) -> None:
        try:
            while self._left > 0 and (content := source.recv(65536)):
                target.sendall(content[: max(self._left, 0)])
                self._left -= len(content)
        except OSError:
            pass
        for end in (source, target):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue
