"""What was computed is kept, the oldest is forgotten, and importing changes no library's settings."""

import subprocess
import sys

from app.runs.cache import recent


def test_a_result_is_computed_once_and_the_one_used_longest_ago_is_forgotten():
    calls = []

    @recent(2, key=lambda number, on_progress=None: number)
    def square(number: int, on_progress: object = None) -> int:
        calls.append(number)
        return number**2

    assert [square(2), square(3), square(2, on_progress=print), square(4), square(2), square(3)] == [4, 9, 4, 16, 4, 9]
    assert calls == [2, 3, 4, 3]


def test_importing_the_application_changes_no_settings_of_torch_and_matplotlib():
    program = """
import matplotlib, torch
before = dict(matplotlib.rcParams), torch.get_num_threads(), torch.get_default_dtype(), torch.random.initial_seed()
import app.draw.image, app.draw.matplotlib, app.draw.scenes, app.export.pages, app.runs.theory, app.runs.gans
after = dict(matplotlib.rcParams), torch.get_num_threads(), torch.get_default_dtype(), torch.random.initial_seed()
assert before == after
"""
    subprocess.run([sys.executable, "-c", program], check=True, env={"OMP_NUM_THREADS": "1"})
