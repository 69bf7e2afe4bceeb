"""Studies: how a result depends on two settings, over a grid of cells and the same seeds in each.

>>> from optim_core import Layer, OptimizerSpec
>>> def parabola(x, evaluation):
...     return 0.5 * x.square().sum(-1), x
>>> base = OptimizerSpec("Lookahead", layers=(Layer(k=5, alpha=0.5),))
>>> study = Study(Objective("surface", "½x²", (1.0,)), base, Axis("lr", 1.0, 2.0, 5), Axis("k_1", 1, 4, 4), steps=60)
>>> result = run_study(study, Problem(field=lambda noise_scales, seeds: parabola))
>>> result.mean[:, -1].round(6).tolist()  # at lr 2 fast weights jump from 1 to −1 and back: odd k meet in the middle
[0.0, 0.5, 0.0, 0.5]
"""

from optim_core.study.axis import Axis
from optim_core.study.result import StudyResult
from optim_core.study.run import Batch, Problem, known_from, merged, run_study, slow_loss
from optim_core.study.sample import SampledStudy
from optim_core.study.study import Objective, Study
from optim_core.study.trainings import Trained, Trainings, merged_trained, run_trainings

__all__ = [
    "Axis",
    "Batch",
    "Objective",
    "Problem",
    "SampledStudy",
    "Study",
    "StudyResult",
    "Trained",
    "Trainings",
    "known_from",
    "merged",
    "merged_trained",
    "run_study",
    "run_trainings",
    "slow_loss",
]
