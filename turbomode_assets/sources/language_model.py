"""A language model behind an address: one question, one answer by a schema, kept.

========================  ========================================================
``TURBOMODE_LLM_URL``     address of chat completions as OpenAI has them, up to
                          ``/v1``; hosted or one's own
``TURBOMODE_LLM_MODEL``   name of the model there
``TURBOMODE_LLM_CUTOFF``  last day the model may know anything of, as 2025-06-30
``TURBOMODE_LLM_KEY``     secret, where the endpoint asks for one
========================  ========================================================

Answers are kept by the sha256 of model, prompt and schema, so that the same question
has the same answer for ever and is asked once. What may be asked, and of which days, is
the caller's duty.
"""

import dataclasses
import datetime as dt
import hashlib
import json
import os
import pathlib
from collections.abc import Mapping
from typing import Any, Generic, TypeVar

import pydantic
import requests

from turbomode_assets import errors

PREFIX = "TURBOMODE_LLM_"
"""What every variable of the environment begins with."""

Said = TypeVar("Said", bound=pydantic.BaseModel)


@dataclasses.dataclass(frozen=True)
class Answer(Generic[Said]):
    """What became of one question."""

    said: Said | None
    result: str = "complete"
    """A level of `result` in `intraday_tables.FETCHES`."""

    detail: str = ""


@dataclasses.dataclass(frozen=True)
class Form(Generic[Said]):
    """What is asked for: an instruction, and the form of the answer.

    Parameters
    ----------
    name
        Name of the form.
    instruction
        What the model is told before every question.
    answer
        Record that an answer must be, and nothing else.
    """

    name: str
    instruction: str
    answer: type[Said]

    def request(self, model: str, question: str) -> dict[str, Any]:
        """Request of a chat completion."""
        schema = self.answer.model_json_schema()
        named = {"name": self.name, "strict": True, "schema": schema}
        return {
            "model": model,
            "temperature": 0,
            "messages": [
                {"role": "system", "content": self.instruction},
                {"role": "user", "content": question},
            ],
            "response_format": {"type": "json_schema", "json_schema": named},
        }


class _Message(pydantic.BaseModel):
    content: str


class _Choice(pydantic.BaseModel):
    message: _Message


class _Completion(pydantic.BaseModel):
    choices: list[_Choice] = pydantic.Field(min_length=1)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Model:
    """A language model.

    Parameters
    ----------
    url
        Address up to ``/v1``.
    name
        Its name there.
    cutoff_on
        Last day it may know anything of.
    cache
        Folder of its answers; made when the first is kept.
    key
        Secret; empty where none is asked for. It is sent nowhere but to `url`, and
        stands in no message.
    timeout_seconds
        Longest wait for an answer.
    """

    url: str
    name: str
    cutoff_on: dt.date
    cache: pathlib.Path
    key: str = dataclasses.field(default="", repr=False)
    timeout_seconds: float = 20.0

    def kept(self, form: Form[Said], question: str) -> Said | None:
        """Answer that was given before; None where there is none."""
        place = self._place(form, question)
        if not place.exists():
            return None
        try:
            return form.answer.model_validate_json(place.read_bytes())
        except pydantic.ValidationError:
            return None  # torn by a crash of the machine: asked again, and overwritten

    def ask(self, form: Form[Said], question: str) -> Answer[Said]:
        """Ask one question, and keep the answer where it is one."""
        try:
            reply = requests.post(
                f"{self.url.rstrip('/')}/chat/completions",
                json=form.request(self.name, question),
                headers={"Authorization": f"Bearer {self.key}"} if self.key else {},
                timeout=self.timeout_seconds,
                allow_redirects=False,
            )
        except requests.Timeout:
            detail = f"no answer within {self.timeout_seconds:g} s"
            return Answer(None, "timed_out", detail)
        except requests.RequestException as fault:
            return Answer(None, "unreachable", type(fault).__name__)
        if reply.status_code != requests.codes.ok:
            result = _REFUSED.get(reply.status_code, "unreachable")
            return Answer(None, result, f"status {reply.status_code}")
        try:
            content = _Completion.model_validate_json(reply.content).choices[0]
            said = form.answer.model_validate_json(content.message.content)
        except pydantic.ValidationError as fault:
            first = fault.errors(include_url=False, include_input=False)[0]
            return Answer(None, "unreadable", f"{first['loc']}: {first['msg']}")
        self._keep(form, question, said)
        return Answer(said)

    def _place(self, form: Form[Said], question: str) -> pathlib.Path:
        text = json.dumps(form.request(self.name, question), sort_keys=True)
        return self.cache / f"{hashlib.sha256(text.encode()).hexdigest()}.json"

    def _keep(self, form: Form[Said], question: str, said: Said) -> None:
        place = self._place(form, question)
        place.parent.mkdir(parents=True, exist_ok=True)
        aside = place.with_suffix(f".{os.getpid()}")
        aside.write_text(said.model_dump_json())
        aside.replace(place)


_REFUSED = {429: "rate_limited"} | dict.fromkeys((401, 403, 404), "unavailable")


def opened(
    cache: pathlib.Path, environment: Mapping[str, str] = os.environ
) -> Model | None:
    """The model that the environment names, or None where it names none.

    Parameters
    ----------
    cache
        Folder of its answers.
    environment
        Variables of the process.

    Raises
    ------
    errors.SettingsError
        Where the address is none, or the name or the cut-off of the model is missing.

    Examples
    --------
    >>> opened(pathlib.Path("tones"), {}) is None
    True
    """
    url, name = (environment.get(PREFIX + each, "") for each in ("URL", "MODEL"))
    if not url:
        return None
    if not url.startswith(("http://", "https://")):
        message = f"{PREFIX}URL must begin with https:// or http://"
        raise errors.SettingsError(message)
    if not name:
        message = f"{PREFIX}MODEL must name the model asked at {PREFIX}URL"
        raise errors.SettingsError(message)
    return Model(
        url=url,
        name=name,
        cutoff_on=_cutoff(environment.get(f"{PREFIX}CUTOFF", "")),
        cache=cache,
        key=environment.get(f"{PREFIX}KEY", ""),
    )


def _cutoff(text: str) -> dt.date:
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        message = (
            f"{PREFIX}CUTOFF must be the last day the model may know anything of, as "
            f"2025-06-30, was {text!r}; without it a replay would read the future"
        )
        raise errors.SettingsError(message) from None
