"""Room for the numbers at axes whose labels plotly does not measure."""

import numpy as np
import pytest

from app.draw.plotly_room import letters, room_for
from app.draw.plotly_scene import ground_margin
from app.figures.chart import Mark, Panel
from app.figures.surfaces import surface_scene
from app.runs.surfaces import surface_run
from app.state import SurfacesConfig


@pytest.mark.parametrize(
    ("span", "log", "longest"),
    [
        ((0.0, 1.0), False, "0.8"),
        ((-2.0, 2.0), False, "−1.5"),
        ((-20000.0, 20000.0), False, "−20000"),
        ((0.9999992, 1.0), False, "0.9999995"),
        ((1e-15, 1.0), True, "0.000001"),
        ((1e-3, 2e4), True, "10000"),
        ((1.85e-10, 2e-10), True, "1.95e−10"),
        ((1.9985e-6, 2e-6), True, "0.0000019985"),
        ((4.80616, 4.80624), True, "4.80618"),
    ],
)
def test_letters_of_the_longest_number_as_plotly_writes_them(span, log, longest):
    assert letters(span, log=log) == len(longest)


def panel(*values, **changes):
    return Panel("", (Mark("SGD", "", np.arange(len(values)), np.array(values)),), **changes)


def test_room_grows_with_numbers_and_their_size_and_ends_somewhere():
    short, long = panel(0.0, 1.0), panel(1.0, 1.00001)
    assert room_for(short) < room_for(long) < room_for(long, size=18)
    assert room_for(panel(1.0, np.nextafter(1.0, 2.0))) < 100


def test_a_value_of_0_on_a_logarithmic_axis_and_a_panel_without_lines_take_no_room_of_their_own():
    assert room_for(panel(0.0, 1e-3, 1.0, scales=("linear", "log"))) == room_for(
        panel(1e-3, 1.0, scales=("linear", "log"))
    )
    assert room_for(Panel("", bare=True)) == room_for(Panel()) == 0


@pytest.mark.parametrize(
    ("heights", "left"), [((-4.0, 4.0), 60), ((-20000.0, 20000.0), 60), ((100000.0, 100001.0), 72)]
)
def test_the_ground_keeps_its_margin_unless_numbers_are_wide(heights, left):
    config = SurfacesConfig(surface="formula", formula="x^2 + y^2", domain=(0.0, 1.0, *heights), steps=1)
    assert ground_margin(surface_scene(config, surface_run(config)))["l"] == left
