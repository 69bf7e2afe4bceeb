"""Small network tasks: data, models, classifiers, regressions and GANs."""

from landscapes.tasks.catalogue import DATASETS
from landscapes.tasks.classifier import ClassifierTask, ImageBatch
from landscapes.tasks.gan import GanBatch, GanTask
from landscapes.tasks.models import MODELS
from landscapes.tasks.registry import TASKS, Task, TaskEntry, task_from
from landscapes.tasks.regression import FUNCTIONS, PointBatch, RegressionTask

__all__ = [
    "DATASETS",
    "FUNCTIONS",
    "MODELS",
    "TASKS",
    "ClassifierTask",
    "GanBatch",
    "GanTask",
    "ImageBatch",
    "PointBatch",
    "RegressionTask",
    "Task",
    "TaskEntry",
    "task_from",
]
