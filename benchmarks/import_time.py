"""Time that `import optim_core` takes beyond `import torch`: median and range over fresh processes.

python benchmarks/import_time.py
"""

from __future__ import annotations

import statistics
import subprocess
import sys

PROGRAM = """
import time, torch
begin = time.perf_counter()
import optim_core
print(1e3 * (time.perf_counter() - begin))
"""


def milliseconds() -> float:
    """One fresh process."""
    run = subprocess.run([sys.executable, "-c", PROGRAM], check=True, capture_output=True, text=True)
    return float(run.stdout)


def main() -> None:
    """Print it."""
    milliseconds()  # compiles the bytecode
    times = [milliseconds() for _ in range(11)]
    print(
        f"import optim_core after torch: median {statistics.median(times):.1f} ms, {min(times):.1f} to {max(times):.1f}"
    )


if __name__ == "__main__":
    main()
