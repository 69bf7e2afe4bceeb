"""Small network tasks: data, models, classifiers and GANs."""

from landscapes.tasks.catalogue import DATASETS
from landscapes.tasks.classifier import ClassifierTask, ImageBatch
from landscapes.tasks.gan import GanBatch, GanTask
from landscapes.tasks.models import MODELS
from landscapes.tasks.registry import TASKS, Task, TaskEntry, task_from

__all__ = [
    "DATASETS",
    "MODELS",
    "TASKS",
    "ClassifierTask",
    "GanBatch",
    "GanTask",
    "ImageBatch",
    "Task",
    "TaskEntry",
    "task_from",
]
