"""The scripts of trainings: networks and GANs."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from app.export.scripts.text import assignment, constructor, mapping, script
from app.figures.gans import gan_caption
from app.figures.networks import network_caption
from app.runs.networks import requests

if TYPE_CHECKING:
    from app.state import GansConfig, NetworksConfig
    from optim_core.spec import OptimizerSpec

_RUN = """torch.set_num_threads(1)  # how many threads share a sum decides its last bit

{task}
{optimizers}

curves = {{}}
for name, optimizer in OPTIMIZERS.items():
    for seed in range({first}, {last}):
        run = train(TASK, optimizer, steps={steps}, seed=seed, evaluate_every={every}{ema})
        print(f"{{name}}, seed {{seed}}: {{run.done}} steps")
        for weights, metrics in run.curves.metrics.items():
            print(f"    {{weights}}:", *(f"{{metric}} {{values[-1]}}" for metric, values in metrics.items()))
        curves |= {{f"{{name}}/{{seed}}/{{key}}": values for key, values in curves_to_arrays(run.curves).items()}}
if len(sys.argv) > 1:
    np.savez(sys.argv[1], **curves)
"""
_NEEDS = "the package lookahead-lab and scikit-learn"
_ONE_THREAD = 'os.environ["OPENBLAS_NUM_THREADS"] = "1"  # as below, for the sums in NumPy'


def network_script(config: NetworksConfig, file: str = "run.py") -> str:
    """A script that trains the comparison again, to be saved under the name `file`."""
    return script(network_caption(config), _body(config), file, needs=_NEEDS)


def gan_script(config: GansConfig, file: str = "run.py") -> str:
    """A script that trains the comparison again, to be saved under the name `file`."""
    return script(gan_caption(config), _body(config), file, needs=_NEEDS, first=_ONE_THREAD)


def _body(config: NetworksConfig | GansConfig) -> str:
    """The script without its docstring and its imports."""
    runs = [row[0] for row in requests(config)]
    names = [spec.name for spec in config.specs()]
    optimizers = ((name, constructor(_with_player_names(run.specs()))) for name, run in zip(names, runs, strict=True))
    return _RUN.format(
        task=assignment("TASK", constructor(config.task())),
        optimizers=assignment("OPTIMIZERS", mapping(optimizers)),
        first=config.seed,
        last=config.seed + config.seeds,
        steps=config.steps,
        every=runs[0].evaluate_every,
        ema=f", ema={runs[0].ema!r}" if runs[0].ema else "",
    )


def _with_player_names(specs: OptimizerSpec | dict[str, OptimizerSpec]) -> OptimizerSpec | dict[str, OptimizerSpec]:
    """Optimizers under the names of their players or of the network."""
    if isinstance(specs, dict):
        return {player: replace(spec, name=player) for player, spec in specs.items()}
    return replace(specs, name="network")
