"""The channels of an installation, by URL, from the environment and nowhere else.

``TURBOMODE_NOTIFY_PHONE=tgram://TOKEN/CHAT`` is a channel called ``phone``: the name is
what tables, logs and the user interface know. The URL holds secrets and stays here; an
error names the variable.
"""

import contextlib
import logging
import os
from collections.abc import Iterator, Mapping, Sequence

import apprise
from apprise.plugins import telegram as plugin

from turbomode_assets import errors
from turbomode_assets.notify import base, service, telegram

PREFIX = "TURBOMODE_NOTIFY_"
"""What the variable of a channel begins with; the rest is its name."""

LISTEN = "TURBOMODE_LISTEN"
"""Variable that names, by comma, the channels in whose chat one may ask."""

_TALKATIVE = (
    *("apprise", "requests", "requests_oauthlib", "urllib3.connectionpool"),
    *("urllib3.connection", "urllib3.util.retry"),
)
"""Loggers that write addresses, and so secrets."""


def opened(environment: Mapping[str, str] = os.environ) -> list[base.Channel]:
    """Every channel that is set, by name.

    Parameters
    ----------
    environment
        Variables of the process.

    Raises
    ------
    errors.SettingsError
        Where a URL is none that is known; names its variable, never its value.
    """
    with silence():
        return [
            _channel(variable, url)
            for variable, url in sorted(environment.items())
            if variable.startswith(PREFIX) and url
        ]


def listening(
    opened: Sequence[base.Channel], environment: Mapping[str, str] = os.environ
) -> list[telegram.Telegram]:
    """Channels in whose chat one may ask; none unless they are named.

    Parameters
    ----------
    opened
        Every channel there is.
    environment
        Variables of the process.

    Raises
    ------
    errors.SettingsError
        Where a name is of no chat of Telegram's.
    """
    wanted = {name.strip().lower() for name in environment.get(LISTEN, "").split(",")}
    chats = [one for one in opened if isinstance(one, telegram.Telegram)]
    unknown = wanted - {"", *(chat.name for chat in chats)}
    if unknown:
        message = (
            f"expected names of Telegram channels in {LISTEN}, found "
            f"{', '.join(sorted(unknown))}; such a channel is {PREFIX}PHONE=tgram://..."
        )
        raise errors.SettingsError(message)
    return [chat for chat in chats if chat.name in wanted]


@contextlib.contextmanager
def silence() -> Iterator[None]:
    """Keep libraries from logging addresses for as long as the context lasts."""
    loggers = [logging.getLogger(name) for name in _TALKATIVE]
    spoke = [logger for logger in loggers if not logger.disabled]
    for logger in spoke:
        logger.disabled = True
    try:
        yield
    finally:
        for logger in spoke:
            logger.disabled = False


def _channel(variable: str, url: str) -> base.Channel:
    name = variable.removeprefix(PREFIX).lower()
    sender = apprise.Apprise.instantiate(url)
    if not isinstance(sender, apprise.NotifyBase):
        message = (
            f"expected the URL of a service in {variable}, found none that is known; "
            "https://appriseit.com lists them"
        )
        raise errors.SettingsError(message)
    if not isinstance(sender, plugin.NotifyTelegram):
        return service.Service(name, sender)
    if len(sender.targets) != 1:
        message = (
            f"expected one chat in {variable}, found {len(sender.targets)}; write "
            "tgram://TOKEN/CHAT, and one variable for each chat"
        )
        raise errors.SettingsError(message)
    ((chat, topic),) = sender.targets
    return telegram.Telegram(name, sender.bot_token, str(chat), topic)
