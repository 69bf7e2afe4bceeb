"""Where trainings run: what this server offers, and what Dask's workers announce.

A run on an accelerator goes to a worker that announces the resource GPU, as many at a time as are announced. The local
cluster has one such worker where PyTorch finds an accelerator; elsewhere it is `dask worker --resources "GPU=1"`.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING

from app.jobs.cluster import SCHEDULER_VARIABLE
from app.jobs.errors import asking_scheduler
from optim_core.device import CPU, DEVICES, available_devices, resolved_device

if TYPE_CHECKING:
    from distributed import Client

DEVICE_VARIABLE = "LOOKAHEAD_DEVICE"
ACCELERATOR = "GPU"  # the resource's name
NO_ACCELERATOR = f'no worker announces an accelerator: start one with `dask worker --resources "{ACCELERATOR}=1"`'


def usual_device(environment: Mapping[str, str] = os.environ) -> str:
    """The device that LOOKAHEAD_DEVICE names, the processor if it names none.

    With a scheduler of one's own, the workers' machines have the devices: "cuda" and "mps" are taken at their word, and
    "auto" is what this machine has.

    Raises:
        ValueError: no device, or not on this machine, which trains itself.
    """
    name = environment.get(DEVICE_VARIABLE) or CPU
    if name in DEVICES[1:] and environment.get(SCHEDULER_VARIABLE):
        return name
    try:
        return resolved_device(name)
    except ValueError as error:
        raise ValueError(f"{DEVICE_VARIABLE}: {error}") from error


def offered_devices(environment: Mapping[str, str] = os.environ) -> tuple[str, ...]:
    """The devices to choose from, the usual one first.

    Raises:
        ValueError: as `usual_device`.
    """
    usual = usual_device(environment)
    own_devices = (CPU,) if environment.get(SCHEDULER_VARIABLE) else available_devices()
    return (usual, *(name for name in own_devices if name != usual))


def announced_accelerators(client: Client) -> int:
    """How many runs may be on accelerators at a time: the sum of what the workers announce.

    Raises:
        SchedulerGoneError: the scheduler does not answer.
    """
    with asking_scheduler():
        workers = client.scheduler_info()["workers"].values()
    return int(sum(worker["resources"].get(ACCELERATOR, 0) for worker in workers))
