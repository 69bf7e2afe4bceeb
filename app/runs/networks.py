"""A comparison of networks as jobs: requests, status, results."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from app.jobs.request import TrainingRequest
from app.jobs.service import Jobs, Status, Ticket
from app.jobs.store import TrainingResult
from app.state import GansConfig, NetworksConfig
from optim_core.device import CPU

EVALUATIONS = 40  # per run: enough for a curve, cheap beside the training


@dataclass(frozen=True)
class Trainings:
    """The runs of a config: one tuple of tickets, over seeds, per optimizer."""

    names: tuple[str, ...]
    requests: tuple[tuple[TrainingRequest, ...], ...]
    tickets: tuple[tuple[Ticket, ...], ...]

    def statuses(self, jobs: Jobs) -> tuple[tuple[Status, ...], ...]:
        """The status of each run."""
        return tuple(tuple(jobs.status(ticket) for ticket in row) for row in self.tickets)

    def results(self, jobs: Jobs) -> tuple[tuple[TrainingResult, ...], ...]:
        """The results, snapshots memory-mapped; call it when `all_done`."""
        return tuple(tuple(jobs.result(ticket) for ticket in row) for row in self.tickets)


def requests(config: NetworksConfig | GansConfig, device: str = CPU) -> tuple[tuple[TrainingRequest, ...], ...]:
    """One request per optimizer and seed: all see the same first weights, batches and wrong labels of their seed."""
    return tuple(
        tuple(
            TrainingRequest(
                task=config.task().describe(),
                optimizers=optimizers,
                steps=config.steps,
                seed=config.seed + offset,
                evaluate_every=max(1, config.steps // EVALUATIONS),
                snapshot_every=config.snapshot_every if offset == 0 else None,  # the plane shows the first seed
                ema=config.ema or None,
                device=device,
            )
            for offset in range(config.seeds)
        )
        for optimizers in config.optimizers()
    )


def trainings(config: NetworksConfig | GansConfig, visitor: str, device: str = CPU) -> Trainings:
    """The runs of a config as tickets; submits nothing."""
    rows = requests(config, device)
    tickets = tuple(tuple(Ticket(request.key, visitor) for request in row) for row in rows)
    return Trainings(tuple(spec.name for spec in config.specs()), rows, tickets)


def submit(comparison: Trainings, jobs: Jobs) -> None:
    """Submit every run that is not in the store.

    Raises:
        LimitError: too many runs are waiting.
    """
    visitor = comparison.tickets[0][0].visitor
    for row in comparison.requests:
        for request in row:
            jobs.submit(request, visitor)


def cancel(comparison: Trainings, jobs: Jobs, is_here: Callable[[str], bool] = lambda _: True) -> None:
    """Withdraw this visitor's claim to all of them, and the claims of visitors who are gone."""
    for row in comparison.tickets:
        for ticket in row:
            jobs.cancel(ticket, is_here)


def claims(comparison: Trainings, jobs: Jobs) -> frozenset[str]:
    """The visitors who want one of them that is not done."""
    return frozenset().union(*(jobs.claims(ticket) for row in comparison.tickets for ticket in row))


def all_done(comparison: Trainings, jobs: Jobs) -> bool:
    """Whether every run is in the store."""
    return all(jobs.store.has(ticket.key) for row in comparison.tickets for ticket in row)
