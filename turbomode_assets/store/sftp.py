"""SFTP that knows whom it talks to, and gives up on whoever falls silent.

fsspec's own trusts any server it meets and waits for ever. This one asks
``~/.ssh/known_hosts``, as ``ssh`` does. Imported only where an ``sftp://`` URL is used.
"""

import paramiko
from fsspec.implementations.sftp import SFTPFileSystem

SILENCE_SECONDS = 60.0
"""Longest silence of a server: far more than any answer takes."""


class KnownHosts(SFTPFileSystem):  # type: ignore[misc]
    """Files over SFTP on a server whose key is known."""

    def _connect(self) -> None:
        self.client = paramiko.SSHClient()
        self.client.load_system_host_keys()
        self.client.set_missing_host_key_policy(paramiko.RejectPolicy())
        self.client.connect(self.host, timeout=SILENCE_SECONDS, **self.ssh_kwargs)
        self.ftp = self.client.open_sftp()
        self.ftp.get_channel().settimeout(SILENCE_SECONDS)
