"""Studies of networks and GANs: what is known of them, and their trainings on the workers or in this process.

Trainings are kept in the run store, by content, chunk by chunk: what was trained once is never trained again, also
after a restart, in a wider grid or with more seeds.
"""

from __future__ import annotations

import hashlib
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache

from app.jobs.chunk import Ends, order_of
from app.jobs.errors import JobsError
from app.jobs.service import Jobs
from app.jobs.studies import StudyStatus
from app.runs import result_files
from app.state import AtlasConfig
from landscapes.tasks import ClassifierTask, RegressionTask, task_from
from optim_core.device import CPU, DEVICES
from optim_core.study import Study, StudyResult, Trained, Trainings, merged_trained, run_trainings
from optim_core.study.trainings import Outcome, scene_of

Progress = Callable[[int, int], None]

QUICK_CHUNK, CHUNK = 64_000, 12_000  # base steps of a chunk: about ten seconds for an MLP, for convolutions and GANs
KEPT, KEPT_TRAININGS = 32, 1_000_000  # studies, and trainings of all, of which this process keeps what is known
POLL_SECONDS = 0.2

_lock = threading.Lock()
_trainings: OrderedDict[str, Trainings] = OrderedDict()  # by `study_key`
_listed: dict[Study, Trainings] = {}  # of one study, without outcomes, until they are among the others


def study_key(study: Study, device: str = CPU) -> str:
    """A digest of all trainings of a study on a device, whatever its objective is called."""
    return hashlib.blake2b(f"{device} {_content_key(study)}".encode(), digest_size=16).hexdigest()


@lru_cache(2 * KEPT)
def _content_key(study: Study) -> str:
    """A digest of all trainings; who asks for it needs them next, so the last ones that were listed wait for that."""
    trainings = Trainings(replace(study))  # a copy: with thousands of optimizers a study that is kept is large
    digest = hashlib.blake2b(digest_size=16)
    for run in trainings.runs:
        digest.update(run.key.encode())
    with _lock:
        _listed.clear()
        _listed[study] = trainings
    return digest.hexdigest()


@dataclass(frozen=True)
class Standing:
    """What is known of a study: its key, the result so far, trainings that ended of all, and how the workers fare.

    status: None where no worker was asked since this server started.
    """

    key: str
    result: StudyResult
    done: int
    total: int
    status: StudyStatus | None

    @property
    def is_whole(self) -> bool:
        """Whether every training has ended."""
        return self.done >= self.total

    @property
    def is_running(self) -> bool:
        """Whether workers are at it."""
        return self.status is not None and self.status.state == "running"

    @property
    def is_retry(self) -> bool:
        """Whether they train again what failed, while all else has ended."""
        return self.is_running and self.is_whole and bool(self.result.reasons)

    @property
    def progress(self) -> tuple[int, int]:
        """Trainings that ended, and of how many: of those that are tried again, or of all."""
        if self.status is not None and self.is_retry:
            return self.status.done, self.status.total
        return self.done, self.total


def standing_of(config: AtlasConfig, jobs: Jobs, device: str = CPU) -> Standing:
    """Reads memory, and the run store where this process does not know the whole study; trains nothing."""
    study = config.study()
    key = study_key(study, device)
    status = jobs.studies.status(key)
    trainings = _known(study, device, afresh=status is None or status.state != "running")
    return Standing(key, trainings.result(), trainings.done, trainings.total, status)


def begin(config: AtlasConfig, jobs: Jobs, visitor: str, device: str = CPU) -> None:
    """Let the workers train what is missing, those that failed among it.

    Raises:
        LimitError: this visitor has too many studies under way.
    """
    study = config.study()
    trainings = _known(study, device, afresh=True)
    orders = [order_of(trainings.study, chunk, device) for chunk in trainings.chunks(_chunk_steps(config))]
    jobs.studies.begin(study_key(study, device), orders, visitor, _taker(study, device))


def forget() -> None:
    """Forget what this process knows; the run store keeps it."""
    with _lock:
        _trainings.clear()
        _listed.clear()


def train_here(config: AtlasConfig, on_progress: Progress | None = None, device: str | None = None) -> StudyResult:
    """The result of a study; what is missing is trained in this process, chunk by chunk.

    Without a device it is that of any on which this process knows the whole study, or else of the processor.
    """
    study = config.study()
    device = device or next((one for one in DEVICES if _is_whole(study, one)), CPU)
    trainings = _known(study, device, afresh=True)
    if trainings.done >= trainings.total:
        return trainings.result()
    scene = _scene(study, device)
    return run_trainings(
        study,
        task_from,
        trainings=trainings,
        chunk_steps=_chunk_steps(config),
        device=device,
        on_trained=lambda trained: result_files.add_part(scene, trained, merged_trained),
        on_progress=on_progress,
    )


def train_on(
    jobs: Jobs,
    config: AtlasConfig,
    on_progress: Progress | None = None,
    device: str = CPU,
    on_message: Callable[[str], None] | None = None,
) -> StudyResult:
    """The result of a study; what is missing is trained by the workers, and this call waits for them.

    `on_message` is told what it waits for, such as a scheduler that does not answer.

    Raises:
        JobsError: somebody else cancelled it.
    """
    begin(config, jobs, "alone", device)
    message = ""
    while True:
        standing = standing_of(config, jobs, device)
        if on_progress is not None:
            done, total = standing.progress
            on_progress(done * config.steps, total * config.steps)
        if not standing.is_running:
            break
        if standing.status is not None and standing.status.message != message:
            message = standing.status.message
            if message and on_message is not None:
                on_message(message)
        time.sleep(POLL_SECONDS)
    if not standing.is_whole:
        raise JobsError("the study was cancelled; what it computed is kept")
    return standing.result


def _chunk_steps(config: AtlasConfig) -> int:
    task = config.task
    is_quick = isinstance(task, RegressionTask) or (isinstance(task, ClassifierTask) and task.network == "mlp")
    return QUICK_CHUNK if is_quick else CHUNK


def _scene(study: Study, device: str) -> str:
    """What the parts of a study on a device share: results on two devices agree to rounding alone."""
    return scene_of(study) if device == CPU else f"{scene_of(study)} {device}"


def _is_whole(study: Study, device: str) -> bool:
    key = study_key(study, device)  # which takes the lock, too
    with _lock:
        trainings = _trainings.get(key)
    return trainings is not None and trainings.done >= trainings.total


def _known(study: Study, device: str, *, afresh: bool) -> Trainings:
    """What this process knows of a study; `afresh`: with what others have added to the run store meanwhile."""
    key = study_key(study, device)
    with _lock:
        trainings = _trainings.pop(key, None)
        is_new = trainings is None
        if trainings is None:
            trainings = _listed.pop(study, None) or Trainings(replace(study))
        _trainings[key] = trainings
        while len(_trainings) > 1 and (len(_trainings) > KEPT or _count() > KEPT_TRAININGS):
            _trainings.popitem(last=False)
    if is_new or (afresh and trainings.done < trainings.total):
        keys = trainings.keys
        parts = result_files.find_parts(
            Trained, _scene(study, device), lambda arrays: not keys.isdisjoint(arrays["keys"].tolist())
        )
        for part in parts:
            trainings.add(part.outcomes())
    return trainings


def _count() -> int:
    return sum(trainings.total for trainings in _trainings.values())


def _taker(study: Study, device: str) -> Callable[[Ends], None]:
    """Takes how a chunk's trainings ended, and keeps outcomes in the run store."""
    scene = _scene(study, device)

    def take(ends: Ends) -> None:
        known_ends = {key: end if isinstance(end, str) else Outcome(*end) for key, end in ends.items()}
        trained = _known(study, device, afresh=False).take(known_ends)
        if trained is not None:
            result_files.add_part(scene, trained, merged_trained)

    return take
