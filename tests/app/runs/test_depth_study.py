"""What comes with the application of the study of depth, and what docs/study.md says of it."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import stats

from app.figures.depth_study import best_map_chart, depth_chart
from app.runs.depth_study import AVERAGE, COLUMNS, depth_study
from app.tables.depth_study import markdown

PAGE = Path(__file__).parents[3] / "docs" / "study.md"
SEEDS = 12


def row(depth: int, values: np.ndarray, *, averaged: bool = False) -> Mapping[str, Any]:
    plain = [float(value) if np.isfinite(value) else None for value in values]
    return {"depth": depth, "averaged": averaged, "lr": 0.1 * (1 + depth), "edge": depth == 4, "values": plain}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Two objectives: one on which two layers gain a half and four diverge once, one on which nothing is told apart."""
    random = np.random.default_rng(3)
    base = 1 + 0.1 * random.standard_normal(SEEDS)
    clear = [base, base - 0.01, base / 2, base + 0.5, np.append(base[:-1], np.inf)]
    vague = [base, *(base + 0.1 * random.standard_normal(SEEDS) for _ in range(4))]
    raw = {
        key: {
            "title": key.title(), "measure": "loss", "base": "sgd", "steps": 100,
            "contenders": [*map(row, range(5), values), row(0, values[0] * 0.9, averaged=True)],
        }
        for key, values in (("clear", clear), ("vague", vague))
    }  # fmt: skip
    raw["clear"]["map"] = {"k": [2, 5], "alpha": [0.2, 0.5, 0.8], "best": [[3.0, 2.0], [1.0, 2.0], [None, 4.0]]}
    path = tmp_path / "study.json"
    path.write_text(json.dumps(raw))
    return path


def test_verdicts_follow_from_the_values(file: Path) -> None:
    study = depth_study(file)
    verdicts = {column: study.comparisons["clear", column].verdict for column in COLUMNS}
    assert verdicts == {
        "1": "better", "2": "better", "3": "worse", "4": "diverged", AVERAGE: "better", COLUMNS[-1]: "better"
    }  # fmt: skip
    assert [study.comparisons["vague", column].verdict for column in COLUMNS[:4]] == ["not told apart"] * 4
    assert study.comparisons["clear", "2"].share[0] == pytest.approx(-0.5)


def test_p_is_corrected_for_every_comparison_of_the_study(file: Path) -> None:
    """Eleven questions, since one has no answer: the least p is multiplied by eleven."""
    study = depth_study(file)
    vague = study.objectives[1]
    ps = {key: one.p for key, one in study.comparisons.items() if not np.isnan(one.p)}
    assert len(ps) == 2 * len(COLUMNS) - 1
    plain = stats.ttest_rel(vague.contenders["3"].values, vague.contenders["0"].values).pvalue
    assert ps["vague", "3"] >= plain
    assert max(ps.values()) <= 1


def test_sentences_count_the_verdicts(file: Path) -> None:
    first, second, third = depth_study(file).sentences
    assert "on 1 of 2 objectives, worse on 0, and on 1 the two were not told apart" in first
    vague = [one.values.mean() for name, one in depth_study(file).objectives[1].contenders.items() if name in "1234"]
    counts = [0, 1, 0, 0]  # two layers on the clear one; a depth that diverged once is no best
    counts[int(np.argmin(vague))] += 1
    names = ("one", "two", "three", "four")
    assert ", ".join(f"{name} on {count}" for name, count in zip(names, counts, strict=True)) in second
    assert "did better than the base on 2" in third


def test_the_chart_has_a_panel_per_objective_and_says_what_it_cuts_off(file: Path) -> None:
    raw = json.loads(file.read_text())
    raw["vague"]["contenders"][3]["values"] = [9.0 + index % 2 for index in range(SEEDS)]
    file.with_name("far.json").write_text(json.dumps(raw))
    chart = depth_chart(depth_study(file.with_name("far.json")))
    assert [panel.title for panel in chart.filled_panels] == ["Clear", "Vague"]
    assert [panel.remark for panel in chart.filled_panels] == ["", "far above: 3"]
    by_verdict = {mark.series: mark for mark in chart.filled_panels[0].marks}
    assert by_verdict["better"].x.tolist() == [1, 2, 5]
    assert by_verdict["worse"].x.tolist() == [3]


def test_the_map_stars_its_least_cell(file: Path) -> None:
    (panel,) = best_map_chart(depth_study(file)).filled_panels
    (star,) = panel.marks
    assert (star.x.tolist(), star.y.tolist()) == ([2.0], [0.5])


def test_what_comes_along_is_whole() -> None:
    study = depth_study()
    assert len(study.objectives) >= 10
    assert sum(one.map is not None for one in study.objectives) == 3
    for one in study.objectives:
        assert list(one.contenders) == ["0", "1", "2", "3", "4", AVERAGE]
        assert one.seeds >= 10
        assert {len(contender.values) for contender in one.contenders.values()} == {one.seeds}
        assert one.steps % 625 == 0  # all depths synchronise at the last step


def test_the_page_says_what_was_computed() -> None:
    text = PAGE.read_text(encoding="utf-8")
    study = depth_study()
    assert all(sentence in text for sentence in study.sentences)
    assert markdown(study, {"better": "**{}**", "worse": "*{}*"}) in text
    assert re.search(r"python -m benchmarks\.depth_study", text)
