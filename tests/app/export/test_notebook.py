"""The example notebook runs from its first cell to its last, in a kernel of its own, and shows what it says."""

from __future__ import annotations

import base64
import io
import os
import re
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient
from nbformat import NotebookNode
from PIL import Image

ROOT = Path(__file__).parents[3]
NOTEBOOK = ROOT / "docs" / "lessons" / "own_training_loop.ipynb"


@pytest.fixture(scope="module")
def notebook() -> NotebookNode:
    node = nbformat.read(NOTEBOOK, as_version=4)
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}  # threads would wait for one another
    client = NotebookClient(node, timeout=120, kernel_name="python3")
    client.execute(env=environment)
    return node


def outputs_of(notebook: NotebookNode, kind: str) -> list[str]:
    outputs = [output for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs]
    return ["".join(output.data[kind]) for output in outputs if kind in output.get("data", {})]


def text_of(notebook: NotebookNode) -> str:
    outputs = [output for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs]
    return "".join(output.text for output in outputs if output.output_type == "stream")


def test_the_notebook_counts_its_own_synchronisations(notebook: NotebookNode) -> None:
    assert "150 steps, (30, 6) synchronisations of the layers" in text_of(notebook)


def test_from_sgd_to_two_layers_each_layer_leaves_less_of_the_noise(notebook: NotebookNode) -> None:
    text = text_of(notebook)
    losses = [float(value) for value in re.findall(r"\d layers: ([\d.]+) above the least loss", text)]
    assert len(losses) == 3
    assert losses[0] > 2 * losses[1] > 4 * losses[2] > 0
    fast, slow = map(float, re.search(r"fast ([\d.]+), slow ([\d.]+)", text).groups())
    assert fast > slow


def test_both_players_are_frames_that_need_no_network(notebook: NotebookNode) -> None:
    frames = [page for page in outputs_of(notebook, "text/html") if "<iframe srcdoc=" in page]
    assert len(frames) == 2
    assert all("http" not in frame.replace("http-equiv", "").replace("http://www.w3.org", "") for frame in frames)


def test_a_player_leaves_a_picture_where_frames_and_styles_are_taken_out(notebook: NotebookNode) -> None:
    for output in [page for page in outputs_of(notebook, "text/html") if "<iframe srcdoc=" in page]:
        printed_page = re.sub(r"<iframe.*?</iframe>| style=\"[^\"]*\"", "", output, flags=re.DOTALL)
        (picture,) = re.findall(r'<img src="data:image/png;base64,([^"]+)" alt="([^"]+)">', printed_page)
        assert Image.open(io.BytesIO(base64.b64decode(picture[0]))).size == (640, 480)
        assert picture[1]
        assert picture[0] in [one.strip() for one in outputs_of(notebook, "image/png")]  # what printing takes


def test_the_figure_is_a_picture_of_the_size_asked_for(notebook: NotebookNode) -> None:
    sizes = [Image.open(io.BytesIO(base64.b64decode(picture))).size for picture in outputs_of(notebook, "image/png")]
    assert sizes.count((600, 400)) == 1


def test_the_files_are_written(notebook: NotebookNode) -> None:
    assert "line.mp4\nline.parquet\nline.svg\n" in text_of(notebook)


def test_the_notebook_is_kept_without_outputs() -> None:
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    assert all(not cell.outputs and cell.execution_count is None for cell in notebook.cells if cell.cell_type == "code")
