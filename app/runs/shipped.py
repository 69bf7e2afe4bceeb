"""Finished runs that come with the application, so that Networks and GANs open on something to see.

What is kept is what the pages draw of their customary comparison, not its weights: curves, the plane with the tracks
and the loss on it, samples. `make shipped` computes it; a comparison is found by the keys of its runs, as in the store.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.jobs.request import TrainingRequest
from app.jobs.store import RunStore, TrainingResult, store_from_environment
from app.jobs.worker import compute_here
from app.runs import gans, plane
from app.runs.networks import requests
from app.state import GansConfig, NetworksConfig
from landscapes.contours import PlaneLoss
from landscapes.planes import Plane, Projection
from optim_core.curves import curves_from_arrays, curves_to_arrays
from optim_core.layers import Layer
from optim_core.snapshots import Snapshots

FOLDER = Path(__file__).parent / "shipped"
FLAT = (np.zeros(2), np.array([1.0, 0.0]), np.array([0.0, 1.0]))  # a plane of which only coordinates are known
PLAYERS = ("discriminator", "generator")

Arrays = Mapping[str, NDArray[Any]]


@dataclass(frozen=True, eq=False)
class Picture:
    """A backdrop that is finished, as `app.runs.plane.Backdrop`."""

    picture: PlaneLoss
    checks: tuple[tuple[NDArray[np.int64], plane.Floats, plane.Floats], ...]
    complete: bool = True

    def wait_for_picture(self, seconds: float = 0.0) -> PlaneLoss:
        """It is there."""
        return self.picture


@dataclass(frozen=True, eq=False)
class ShippedRuns:
    """A comparison as far as its page draws it: its results have no weights.

    results: one per optimizer.      view: the plane of the page's first look.
    backdrop: what lies below.      samples: of a GAN's generators; empty of a network.
    """

    results: tuple[TrainingResult, ...]
    view: plane.View
    backdrop: Picture
    samples: tuple[gans.Samples, ...] = ()


def find_shipped(config: NetworksConfig | GansConfig) -> ShippedRuns | None:
    """What comes with the application of this comparison; None of any other, or of another plane."""
    player = config.drawn if isinstance(config, GansConfig) else ""
    if isinstance(config, NetworksConfig) and config.plane != "pca":
        return None
    arrays = _read_arrays(_file(config))
    customary = [row[0] for row in requests(config)]
    if config.seeds > 1 or arrays is None or [request.key for request in customary] != arrays["keys"].tolist():
        return None
    results = tuple(_result(arrays, index, request) for index, request in enumerate(customary))
    runs = tuple(_on_plane(arrays, index, result) for index, result in enumerate(results))
    converging = tuple(runs[index] for index in plane.converging(results))
    first, second = arrays["explained"].tolist()
    view = plane.View(Plane(*FLAT, (first, second)), runs, converging)
    samples = tuple(_samples(arrays, index, result) for index, result in enumerate(results)) if player else ()
    return ShippedRuns(results, view, _picture(arrays, player, len(runs)), samples)


def ship(config: NetworksConfig | GansConfig, store: RunStore, folder: Path = FOLDER) -> Path:
    """Train a page's comparison, unless the store has it, and write what the page draws of it."""
    results = [compute_here(store, row[0]) for row in requests(config)]
    arrays: dict[str, NDArray[Any]] = {"keys": np.array([result.request.key for result in results])}
    for index, result in enumerate(results):
        arrays |= _result_arrays(index, result)
    if isinstance(config, GansConfig):
        view = plane.players_view(results)
        scores = {player: config.task().landscape(player, config.seed) for player in PLAYERS}
        for index, samples in enumerate(gans.samples(config.task(), results)):
            arrays |= {"frames": samples.step, f"{index}/fast": samples.fast.astype("f2")}
            arrays |= {} if samples.slow is None else {f"{index}/slow": samples.slow.astype("f2")}
    else:
        view, scores = plane.view_of(config, results), {"": config.task().landscape(plane.IMAGES)}
    arrays["explained"] = np.array(view.plane.explained)
    for index, run in enumerate(view.runs):
        arrays |= _projections(index, run)
    for name, score in scores.items():
        arrays |= _landscape(name, view, score)
    folder.mkdir(exist_ok=True)
    np.savez_compressed(folder / _file(config), **arrays)  # type: ignore[arg-type]
    return folder / _file(config)


def _file(config: NetworksConfig | GansConfig) -> str:
    return "gans.npz" if isinstance(config, GansConfig) else "networks.npz"


@cache
def _read_arrays(name: str) -> Arrays | None:
    try:
        with np.load(FOLDER / name, allow_pickle=False) as file:
            return dict(file)
    except FileNotFoundError:
        return None


def _result_arrays(index: int, result: TrainingResult) -> dict[str, NDArray[Any]]:
    diverged = -1 if result.diverged is None else result.diverged
    about = {"sizes": result.sizes, "diverged": diverged, "seconds": result.seconds}
    curves = {name: _single(array) for name, array in curves_to_arrays(result.curves).items()}
    return {f"{index}/{name}": np.asarray(value) for name, value in (about | curves).items()} | {
        f"{index}/rows": result.snapshots.step,
        f"{index}/players": np.array(result.players),
    }


def _result(arrays: Arrays, index: int, request: TrainingRequest) -> TrainingResult:
    own_arrays = {
        name.removeprefix(f"{index}/"): array for name, array in arrays.items() if name.startswith(f"{index}/")
    }
    players, sizes = tuple(own_arrays["players"].tolist()), tuple(own_arrays["sizes"].tolist())
    specs = request.specs()
    layers: tuple[Layer, ...] = tuple((next(iter(specs.values())) if isinstance(specs, dict) else specs).layers)
    diverged = int(own_arrays["diverged"])
    return TrainingResult(
        request=request,
        players=players,
        sizes=sizes,
        layers=layers,
        curves=curves_from_arrays(players, own_arrays),
        snapshots=Snapshots(layers, own_arrays["rows"], {}),
        diverged=None if diverged < 0 else diverged,
        notes=(),
        seconds=float(own_arrays["seconds"]),
    )


def _projections(index: int, run: plane.OnPlane) -> dict[str, NDArray[Any]]:
    arrays = {}
    for layer, projection in enumerate((run.proposal, *run.slow)):
        arrays[f"{index}/places_{layer}"] = _single(projection.coordinates)
        arrays[f"{index}/off_{layer}"] = _single(projection.distance)
    return arrays


def _on_plane(arrays: Arrays, index: int, result: TrainingResult) -> plane.OnPlane:
    proposal, *slow = (
        Projection(_double(arrays[f"{index}/places_{layer}"]), _double(arrays[f"{index}/off_{layer}"]))
        for layer in range(len(result.layers) + 1)
    )
    return plane.OnPlane(result.snapshots, proposal, tuple(slow))


def _landscape(name: str, view: plane.View, score: Any) -> dict[str, NDArray[Any]]:
    *_, picture = plane.pictures(view, score)
    arrays = {f"picture{name}/{field}": _single(getattr(picture, field)) for field in ("x", "y", "loss", "accuracy")}
    for index, check in enumerate(plane.checks_of(view, score)):
        for field, values in zip(("rows", "true", "flat"), check, strict=True):
            arrays[f"check{name}/{index}/{field}"] = values if field == "rows" else _single(values)
    return arrays


def _picture(arrays: Arrays, name: str, runs: int) -> Picture:
    x, y, loss, accuracy = (_double(arrays[f"picture{name}/{field}"]) for field in ("x", "y", "loss", "accuracy"))
    checks = [
        (
            arrays[f"check{name}/{index}/rows"],
            _double(arrays[f"check{name}/{index}/true"]),
            _double(arrays[f"check{name}/{index}/flat"]),
        )
        for index in range(runs)
    ]
    return Picture(PlaneLoss(x, y, loss, accuracy, loss.size, loss.size), tuple(checks))


def _samples(arrays: Arrays, index: int, result: TrainingResult) -> gans.Samples:
    slow = arrays[f"{index}/slow"].astype(np.float32) if result.layers else None
    return gans.Samples(arrays["frames"], arrays[f"{index}/fast"].astype(np.float32), slow)


def _single(array: NDArray[Any]) -> NDArray[Any]:
    """Half the room: more digits than a chart shows."""
    return array.astype(np.float32) if array.dtype == np.float64 else array


def _double(array: NDArray[Any]) -> plane.Floats:
    return array.astype(np.float64)


def main() -> None:
    """Compute all of it, from the run store where that has the runs; a minute or five."""
    store = store_from_environment()
    for config in (NetworksConfig(), GansConfig()):
        ship(config, store)


if __name__ == "__main__":
    main()
