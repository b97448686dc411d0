"""A caption job: files in, captions out, to a stream or into a folder."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from vidcap_core.captioner.panels import FAILED
from vidcap_core.captioning.file_captioner import FileCaptioner
from vidcap_core.captioning.formats import Printer
from vidcap_core.captioning.progress import Progress
from vidcap_core.captioning.results_folder import Folder
from vidcap_core.captioning.spans import Every
from vidcap_core.contracts.encoder import fingerprint
from vidcap_core.contracts.generate_settings import GenerateSettings
from vidcap_core.contracts.types import Prediction
from vidcap_core.errors import UserError, VideoError, in_a_line
from vidcap_core.files.remote import Source
from vidcap_core.report.captions_page import write_job_report
from vidcap_core.zoo.version import __version__
from vidcap_metrics.counted import counted

PAGE = "captions.html"


class PageError(UserError):
    """A page that could not be made of captions that are finished."""


@dataclass(slots=True)
class Job:
    """What is to be done, and what was: `made` files now, `kept` ones from before, bad ones with reasons."""

    captioner: FileCaptioner
    form: str = "text"
    every: Every = None
    batch: int = 16
    workers: int | None = None
    made: int = 0
    kept: int = 0
    bad: list[tuple[str, str]] = field(default_factory=list)
    unexplained: list[Prediction] = field(default_factory=list)  # files whose panels failed

    def folder(self, path: Path) -> Folder:
        """The folder of this job, new or as it was left."""
        return Folder(path, self.form, self.facts())

    def to_folder(self, files: Iterable[Source], folder: Folder, progress: Progress) -> Path | None:
        """Caption what is not finished yet; gives the page where one is wanted."""
        folder.complete()
        todo = []
        for file in files:
            if folder.has(file):
                self.kept += 1
                progress.file()
            else:
                todo.append(file)
        self._caption(todo, folder.add, progress)
        if self.form != "html":
            return None
        about = {"model": self.captioner.name, **self.facts(), "vidcap-core": __version__}
        predictions = [prediction for _, prediction in folder.predictions()]
        try:
            return write_job_report(predictions, folder.path / PAGE, about, dict(self.bad))
        except Exception as error:  # whatever a page trips over, what was captioned is in the folder
            raise PageError(
                f"{folder.path / PAGE} was not written: {in_a_line(error)}; "
                f"{counted(len(predictions), 'caption')} saved in {folder.lines}",
                hint="the same command, once that is fixed: nothing is captioned twice",
            ) from error

    def to_stream(self, files: Iterable[Source], printer: Printer, progress: Progress) -> None:
        """Caption files, and write what is said of each as soon as it is known."""
        self._caption(files, lambda file, prediction: printer.add(prediction), progress)
        printer.close()

    def _caption(
        self, files: Iterable[Source], keep: Callable[[Source, Prediction], None], progress: Progress
    ) -> None:
        results = self.captioner.each(
            files,
            every=self.every,
            batch=self.batch,
            workers=self.workers,
            panels=self.form == "html",
            moved=lambda path, share: progress.part(share),
        )
        for path, result in results:
            if isinstance(result, VideoError):
                self.bad.append((str(path), result.line.removeprefix(f"{path}: ")))
            else:
                keep(path, result)
                if FAILED in result.extras:
                    self.unexplained.append(result)
                self.made += 1
            progress.file()

    def facts(self) -> dict[str, Any]:
        """What decides what is said; of the settings those that are not the usual ones."""
        settings, usual = asdict(self.captioner.captioner.settings), asdict(GenerateSettings())
        changed = {key: value for key, value in settings.items() if key == "mode" or value != usual[key]}
        weights = fingerprint(self.captioner.captioner)[:16]
        without = sorted(self.captioner.reader.without) or None
        facts = {"weights": weights, "decoding": changed, "every": self.every, "without": without}
        silent = {f"head.{name}" for name in self.captioner.captioner.head.silent}
        changes = [each for each in self.captioner.changes if each.partition("=")[0].strip() not in silent]
        return {**facts, "set": changes or None}
