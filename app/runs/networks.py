"""A comparison of networks as jobs: what to ask the workers for, how it stands, what came back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from app.jobs.request import TrainingRequest
from app.jobs.service import Jobs, Status, Ticket
from app.jobs.store import TrainingResult
from app.state import GansConfig, NetworksConfig

EVALUATIONS = 40  # per run: enough for a curve, cheap beside the training


@dataclass(frozen=True)
class Trainings:
    """The runs of a config: one tuple of tickets, over seeds, per optimizer."""

    names: tuple[str, ...]
    requests: tuple[tuple[TrainingRequest, ...], ...]
    tickets: tuple[tuple[Ticket, ...], ...]

    def statuses(self, jobs: Jobs) -> tuple[tuple[Status, ...], ...]:
        """How each run stands."""
        return tuple(tuple(jobs.status(ticket) for ticket in row) for row in self.tickets)

    def results(self, jobs: Jobs) -> tuple[tuple[TrainingResult, ...], ...]:
        """What came back, snapshots memory-mapped; call it when `all_done`."""
        return tuple(tuple(jobs.result(ticket) for ticket in row) for row in self.tickets)


def requests(config: NetworksConfig | GansConfig) -> tuple[tuple[TrainingRequest, ...], ...]:
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
            )
            for offset in range(config.seeds)
        )
        for optimizers in config.optimizers()
    )


def trainings(config: NetworksConfig | GansConfig, visitor: str) -> Trainings:
    """The runs of a config as tickets, without asking for any work."""
    asked = requests(config)
    tickets = tuple(tuple(Ticket(request.key, visitor) for request in row) for row in asked)
    return Trainings(tuple(spec.name for spec in config.specs()), asked, tickets)


def submit(asked: Trainings, jobs: Jobs) -> None:
    """Ask for every run that is not there yet.

    Raises:
        LimitError: too many runs are waiting.
    """
    visitor = asked.tickets[0][0].visitor
    for row in asked.requests:
        for request in row:
            jobs.submit(request, visitor)


def cancel(asked: Trainings, jobs: Jobs, is_here: Callable[[str], bool] = lambda _: True) -> None:
    """Withdraw this visitor's claim to all of them, and the claims of visitors who are gone."""
    for row in asked.tickets:
        for ticket in row:
            jobs.cancel(ticket, is_here)


def claims(asked: Trainings, jobs: Jobs) -> frozenset[str]:
    """The visitors who want one of them that is not done."""
    return frozenset().union(*(jobs.claims(ticket) for row in asked.tickets for ticket in row))


def all_done(asked: Trainings, jobs: Jobs) -> bool:
    """Whether every run is in the store."""
    return all(jobs.store.has(ticket.key) for row in asked.tickets for ticket in row)
