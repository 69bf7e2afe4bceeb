"""Heavy results are read by the next server, unless they are damaged, of other code, or without room."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import astuple
from pathlib import Path

import numpy as np
import pytest

from app.jobs.store import RunStore
from app.runs import basins, result_files
from app.runs.basins import BasinMap, finest_map
from app.runs.surfaces import scenery
from app.state import SurfacesConfig

CONFIG = SurfacesConfig(surface="himmelblau", steps=30)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[RunStore]:
    """Where results are kept during the test."""
    store = RunStore(tmp_path)
    result_files.keep_in(store)
    yield store
    result_files.keep_in(None)
    finest_map.clear()


def files(store: RunStore) -> list[Path]:
    return sorted((store.root / "results").glob("*"))


def arrays_of_a_new_server() -> tuple[np.ndarray, ...]:
    finest_map.clear()
    return astuple(finest_map(CONFIG, scenery(CONFIG), 8, lambda *_: None, lambda *_: None))


def test_a_second_server_reads_what_the_first_computed_unless_its_code_is_another(store, monkeypatch):
    first, compute, computed = arrays_of_a_new_server(), basins.basin_maps, []
    monkeypatch.setattr(basins, "basin_maps", lambda *settings: computed.append(1) or compute(*settings))
    assert all(map(np.array_equal, arrays_of_a_new_server(), first))
    assert computed == []
    monkeypatch.setattr(result_files, "_code", lambda: "other")
    assert all(map(np.array_equal, arrays_of_a_new_server(), first))
    assert computed == [1]


@pytest.mark.parametrize("damage", [b"", b"PK", b"not an archive", None])
def test_a_damaged_file_is_computed_again_and_replaced(store, damage):
    first = arrays_of_a_new_server()
    (file,) = files(store)
    content = file.read_bytes()
    middle = len(content) // 2
    file.write_bytes(content[:middle] + bytes(40) + content[middle + 40 :] if damage is None else damage)
    assert all(map(np.array_equal, arrays_of_a_new_server(), first))
    assert files(store) == [file]
    assert file.read_bytes() == content


def test_the_one_used_longest_ago_goes_when_there_is_no_room(store):
    random = np.random.default_rng(0)
    store.limit = result_files.SHARE * 60_000  # room for two: each takes 23,000 bytes
    for number in range(3):
        if number == 2:
            for name, moment in ((0, 1_000), (1, 2_000)):
                os.utime(result_files._path(store, BasinMap, name), (moment, moment))
            assert result_files.find(BasinMap, 0) is not None  # used now
        result_files.put(number, BasinMap(*(random.random(1_000) for _ in range(3))))
    assert [result_files.find(BasinMap, number) is not None for number in range(3)] == [True, False, True]
    assert store.total_size() == sum(file.stat().st_size for file in files(store)) <= 60_000


PROGRAM = """
import sys; from pathlib import Path
from app.jobs.store import RunStore; from app.runs import result_files
from tests.app.runs.test_result_files import arrays_of_a_new_server
result_files.keep_in(RunStore(Path(sys.argv[1]))); arrays_of_a_new_server()
"""


def test_another_process_finds_the_file_of_the_same_settings(store):
    arrays_of_a_new_server()
    (file,) = files(store)
    os.utime(file, (1_000, 1_000))
    environment = os.environ | {"PYTHONHASHSEED": "7"}
    command = [sys.executable, "-c", PROGRAM, str(store.root)]
    subprocess.run(command, cwd=Path(__file__).parents[3], env=environment, check=True)
    assert files(store) == [file]
    assert file.stat().st_mtime > 1_000
