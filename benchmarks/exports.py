"""What each export takes and how large it is, and how long the command line needs in a cold process.

    python -m benchmarks.exports

Medians of five calls in one warm process; the scenes are Himmelblau (3 tracks x 1,000 steps) and a noisy bowl from four
starts (12 tracks x 1,000 steps). Cold processes stand beside `import torch` alone, which is the floor of anything that
runs an optimizer. Processor seconds tell what a machine that is busy otherwise hides.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from app import export
from app.export import Scene
from app.state import SurfacesConfig

ROOT = Path(__file__).parents[1]
REPEATS = 5
SCENES = {
    "3 tracks": SurfacesConfig(surface="himmelblau", steps=1000),
    "12 noisy tracks": SurfacesConfig(
        surface="bowl", noise="gaussian", steps=1000, starts=((3.0, 3.5), (-3.0, 2.0), (1.0, -2.0), (2.0, 2.0))
    ),
}


def exports(config: SurfacesConfig, scene: Scene) -> dict[str, Callable[[], bytes]]:
    """Every export of a scene by its name in the table."""
    return {
        "PNG, 960 x 720": lambda: export.render_figure(scene, "png"),
        "SVG": lambda: export.render_figure(scene, "svg"),
        "PDF": lambda: export.render_figure(scene, "pdf"),
        "GIF, 100 frames, 640 x 480": lambda: export.render_animation(scene, "gif"),
        "MP4, 100 frames, 640 x 480": lambda: export.render_animation(scene, "mp4"),
        "player HTML": lambda: export.player_html(scene),
        "Plotly HTML": lambda: export.plotly_html(scene),
        "CSV": lambda: export.to_csv(scene),
        "Parquet": lambda: export.to_parquet(scene),
        "script": lambda: export.surface_script(config).encode(),
    }


def median_seconds(work: Callable[[], bytes]) -> tuple[float, float, int]:
    """Median wall and processor seconds of a warm call, and the bytes it gave."""
    size = len(work())
    walls, processors = [], []
    for _ in range(REPEATS):
        start, processor_start = time.perf_counter(), processor_seconds()
        work()
        walls.append(time.perf_counter() - start)
        processors.append(processor_seconds() - processor_start)
    return statistics.median(walls), statistics.median(processors), size


def processor_seconds() -> float:
    """Of this process and of those it waited for, such as ffmpeg."""
    return sum(os.times()[:4])


def median_seconds_of_process(*arguments: str) -> tuple[float, float]:
    """Median wall seconds and processor seconds of a new Python process."""
    walls, processors = [], []
    with tempfile.TemporaryDirectory() as folder:
        for _ in range(REPEATS):
            processor_start, start = processor_seconds(), time.perf_counter()
            environment = {**os.environ, "PYTHONPATH": str(ROOT)}
            subprocess.run([sys.executable, *arguments], cwd=folder, env=environment, check=True, capture_output=True)
            walls.append(time.perf_counter() - start)
            processors.append(processor_seconds() - processor_start)
    return statistics.median(walls), statistics.median(processors)


def main() -> None:
    """Print the tables of benchmarks/README.md."""
    for name, config in SCENES.items():
        scene = export.scene_of(config)
        print(f"\n| {name} x 1,000 steps | seconds | processor seconds | kB |\n|---|---|---|---|")
        for what, work in exports(config, scene).items():
            wall, processor, size = median_seconds(work)
            print(f"| {what} | {wall:.2f} | {processor:.2f} | {size / 1000:,.0f} |")
    print("\n| cold process | seconds | processor seconds |\n|---|---|---|")
    commands = {
        "python -c 'import torch'": ("-c", "import torch"),
        "lookahead-lab --help": ("-m", "app.cli", "--help"),
        "lookahead-lab render -O run.png": ("-m", "app.cli", "render", "-O", "run.png"),
        "lookahead-lab run -O run.parquet": ("-m", "app.cli", "run", "-O", "run.parquet"),
    }
    for what, arguments in commands.items():
        wall, processor = median_seconds_of_process(*arguments)
        print(f"| {what} | {wall:.2f} | {processor:.2f} |")
    print(f"\nload average while measuring: {os.getloadavg()[0]:.1f} on {os.cpu_count()} processors")


if __name__ == "__main__":
    main()
