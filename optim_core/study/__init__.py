"""Studies: how a result depends on two settings, over a grid of cells and the same seeds in each."""

from optim_core.study.axis import Axis
from optim_core.study.result import StudyResult
from optim_core.study.run import Batch, Problem, known_from, merged, run_study, slow_loss
from optim_core.study.study import Objective, Study

__all__ = [
    "Axis",
    "Batch",
    "Objective",
    "Problem",
    "Study",
    "StudyResult",
    "known_from",
    "merged",
    "run_study",
    "slow_loss",
]
