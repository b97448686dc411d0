"""A judge: a language model with a name and a version, whose every answer is written down and never asked for twice."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from threading import Lock
from typing import Any, TypeVar

from vidcap_core.api import DataError, UserError
from vidcap_neural_metrics.endpoint import Endpoint
from vidcap_neural_metrics.prompt import Prompt, digits

Ask = Callable[[str], str]
"""From a prompt to an answer: an endpoint, or a model that runs here."""
T = TypeVar("T")

MOST_AT_ONCE = 64
OPTIONS: Mapping[str, Any] = {"timeout": (int, float), "retries": int, "pause": (int, float)}
"""What may be said of an endpoint, and its types."""
NEEDED = ("model", "version", "answers")
"""What a judge must be given."""
START = b'{"judge": '
"""How a line begins, also one that was cut off."""


@dataclass(frozen=True)
class Entry:
    """One answer, as a line of the file of answers."""

    judge: str
    version: str
    name: str
    hash: str
    """of the prompt's file"""
    prompt: str
    """the whole question, so that another judge can be asked the same"""
    answer: str


class Judge:
    """Answers from the file where it has them, else from the model, which is then written down.

    model: what the endpoint calls it; or a function from a prompt to an answer, for a model that runs here.
    version: of the model, as exactly as its provider says it; stands in the signature.
    answers: a file of answers (JSON lines) that travels with the scores. url: of the endpoint; name: of a function.
    at_once: clips whose questions are asked at the same time; None: 4 of an endpoint, 1 of a function.
    options: timeout, retries and pause of the endpoint.
    """

    def __init__(
        self,
        model: str | Ask,
        version: str,
        answers: str | Path,
        url: str | None = None,
        name: str | None = None,
        at_once: int | None = None,
        **options: Any,
    ) -> None:
        if at_once is not None and not (isinstance(at_once, int) and 1 <= at_once <= MOST_AT_ONCE):
            raise UserError(
                f"judge.at_once={at_once!r}: between 1 and {MOST_AT_ONCE} clips", hint="judge.at_once=4"
            )
        _check_options(options)
        self.at_once = at_once or (1 if callable(model) else 4)
        if callable(model) and not name:
            raise UserError("a judge that is a function needs a name", hint='name="my-model-7b"')
        self.name = (name or str(model)).replace("|", "/")
        self.version = str(version).replace("|", "/")
        self.file = Path(answers)
        self._model, self._url, self._options = model, url, options
        self._ask: Ask | None = model if callable(model) else None
        self._known = {_key(entry): entry.answer for entry in read_answers(self.file)}
        self._lock, self._asking = Lock(), dict[tuple[str, str, str], Lock]()
        self.asked = 0
        """answers that the model gave now, and not the file"""

    def answer(self, prompt: Prompt, **fields: str) -> str:
        """What the judge says to a filled prompt."""
        return self.answer_text(prompt.name, prompt.hash, prompt.fill(**fields))

    def answer_text(self, name: str, prompt_hash: str, text: str) -> str:
        """The same of a prompt that is filled already."""
        entry = Entry(self.name, self.version, name, prompt_hash, text, "")
        key = _key(entry)
        with self._lock:
            asking = self._asking.setdefault(key, Lock())
        with asking:  # the same question of two clips is asked once
            if key not in self._known:
                answer = self._model_answer(text)
                with self._lock:
                    self._write(Entry(self.name, self.version, name, prompt_hash, text, answer))
                    self._known[key] = answer
                    self.asked += 1
            return self._known[key]

    def each(self, question: Callable[[str], T], clips: Iterable[str]) -> dict[str, T]:
        """What a function that asks this judge gives of each clip, some at a time; the first error ends it."""
        pool = ThreadPoolExecutor(self.at_once)
        try:
            tasks = {clip: pool.submit(question, clip) for clip in clips}
            return {clip: task.result() for clip, task in tasks.items()}
        finally:
            pool.shutdown(
                cancel_futures=True
            )  # waits for what was asked already, whose answers are written down

    def signed(self, *prompts: Prompt) -> dict[str, str]:
        """What a signature shows: `judge`, and `prompts`, eight digits of the hash of all of them."""
        hashes = [[prompt.name, prompt.hash] for prompt in prompts]
        return {"judge": f"{self.name}@{self.version}", "prompts": digits(hashes)}

    def _model_answer(self, text: str) -> str:
        with self._lock:
            if self._ask is None:  # an endpoint is needed where the file lacks an answer, and not before
                self._ask = Endpoint(str(self._model), self._url, **self._options)
        return self._ask(text)

    def _write(self, entry: Entry) -> None:
        self.file.parent.mkdir(parents=True, exist_ok=True)
        with self.file.open("ab") as out:
            if not self.asked:  # a line that a kill cut off goes before the first new one
                out.truncate(_whole(self.file.read_bytes()))
            out.write(json.dumps(asdict(entry), ensure_ascii=False).encode() + b"\n")


def read_answers(file: Path) -> Iterator[Entry]:
    """The lines of a file of answers; none where there is no file. A line cut off by a kill, the last, is dropped."""
    if not file.is_file():
        return
    raw = file.read_bytes()
    whole = _whole(raw)
    if whole < len(raw) and not raw[whole:].startswith(START[: len(raw) - whole]):
        raise DataError(f"{file}: holds something else than answers of a judge")
    for number, line in enumerate(raw[:whole].decode("utf-8", errors="replace").split("\n"), 1):
        if line:
            yield _entry(file, number, line)


def json_object(answer: str) -> Mapping[str, Any] | None:
    """The JSON object that an answer is, in a code fence or not; None where it is something else: it is not guessed."""
    text = answer.strip()
    if text.startswith("```") and text.endswith("```") and len(text) > 6:
        text = text[3:-3].removeprefix("json").strip()
    try:
        data = json.loads(text)
    except ValueError:
        return None
    return data if isinstance(data, dict) else None


def _check_options(options: Mapping[str, Any]) -> None:
    """Those of an endpoint, before it is needed."""
    for name, value in options.items():
        if name not in OPTIONS:
            raise UserError(f"a judge has no '{name}'", hint=f"one of: {', '.join(OPTIONS)}, at_once, url")
        if not isinstance(value, OPTIONS[name]) or isinstance(value, bool) or not 0 <= value < math.inf:
            what = "a whole number" if OPTIONS[name] is int else "a number of seconds"
            raise UserError(f"judge.{name}={value!r}: {what}, at least 0", hint=f"judge.{name}=2")


def _whole(raw: bytes) -> int:
    """Where the last whole line of a file ends."""
    return raw.rfind(b"\n") + 1


def _entry(file: Path, number: int, line: str) -> Entry:
    try:
        entry = Entry(**json.loads(line))
    except (ValueError, TypeError) as error:
        raise DataError(f"{file}, line {number}: is no answer of a judge: {error}") from None
    if not all(isinstance(value, str) for value in asdict(entry).values()):
        raise DataError(f"{file}, line {number}: is no answer of a judge")
    return entry


def _key(entry: Entry) -> tuple[str, str, str]:
    """The prompt's file is told by the whole question."""
    return entry.judge, entry.version, entry.prompt


def built(judge: Judge | Mapping[str, Any]) -> Judge:
    """A judge as it is, or of a config's words."""
    if isinstance(judge, Judge):
        return judge
    lacking = [key for key in NEEDED if not isinstance(judge, Mapping) or key not in judge]
    if lacking:
        raise UserError(
            f"the judge has no {', no '.join(lacking)}",
            hint="--set METRIC.judge.model=NAME --set METRIC.judge.version=... --set METRIC.judge.answers=FILE",
        )
    try:
        return Judge(**judge)
    except TypeError as error:
        raise UserError(f"the judge is not described: {error}", hint="vidcap list metrics") from None
