"""Modules become one script: names stay apart, circles are refused, nothing is left to import."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.player import bundle as bundling
from app.player.bundle import FOLDER, bundle, module_file, style
from app.player.look import LOOK


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setattr(bundling, "FOLDER", tmp_path)
    bundle.cache_clear()
    yield tmp_path
    bundle.cache_clear()


@pytest.mark.parametrize("entry", ["mount.js", "page.js", "relief_heads.js"])
def test_a_bundle_of_a_component_exports_what_it_did_and_imports_nothing(entry: str) -> None:
    source = bundle(f'import mount from "./{entry}";\nexport default mount;')
    assert source.endswith("export default mount;")
    assert not re.search(r"^(import|export (?!default mount))", source, re.MULTILINE)


def test_what_is_served_is_one_file_kept_up_to_date_or_else_the_modules(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "one.js").write_text("export function one() { return 1; }\n")
    (folder / "entry.js").write_text('import { one } from "./one.js";\nexport default () => one();\n')
    (folder / "packed_entry.js").write_text("what an older version left")
    assert module_file.__wrapped__("entry.js") == "packed_entry.js"
    assert "function one" in (folder / "packed_entry.js").read_text()
    assert sorted(path.name for path in folder.iterdir()) == ["entry.js", "one.js", "packed_entry.js"]

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError

    (folder / "packed_entry.js").unlink()
    monkeypatch.setattr(Path, "write_text", refuse)
    assert module_file.__wrapped__("entry.js") == "entry.js"


def test_a_bundle_keeps_the_spaces_of_a_text_within_a_text(folder: Path) -> None:
    line = "const text = (n) => `${n ? ` in ${n} steps ` : ''}`; // not a comment's line"
    assert bundle(f"/**\n * Gone.\n */\n// gone\n  {line}\n") == f"{line}\n"


def test_a_bundle_of_the_player_holds_its_controls_once() -> None:
    source = bundle('import { openPlayer } from "./standalone.js";')
    assert source.count('class="lp-transport"') == 1
    assert len(source) < 163_000  # of every exported page: 145 kB to draw, 16 kB for words, outer momentum and reels


def test_what_a_module_keeps_to_itself_stays_apart(folder: Path) -> None:
    (folder / "one.js").write_text("const size = 1;\nexport function one() { return size; }\n")
    (folder / "two.js").write_text(
        'import { one } from "./one.js";\n\nconst size = 2;\nexport const two = one() + size;\n'
    )
    source = bundle('import { two } from "./two.js";\nimport { one } from "./one.js";')
    assert source.splitlines() == [
        "const $one_js = (() => {",
        *("const size = 1;", "function one() { return size; }", "return { one };", "})();"),
        "const $two_js = (() => {",
        *("const { one } = $one_js;", "const size = 2;", "const two = one() + size;", "return { two };", "})();"),
        "const { two } = $two_js;",
        "const { one } = $one_js;",
    ]


def test_modules_that_import_one_another_are_refused(folder: Path) -> None:
    (folder / "one.js").write_text('import { two } from "./two.js";\n')
    (folder / "two.js").write_text('import { one } from "./one.js";\n')
    with pytest.raises(ValueError, match=r"one\.js -> two\.js -> one\.js"):
        bundle('import { one } from "./one.js";')


def test_every_module_imports_and_exports_as_the_bundle_reads_it() -> None:
    for path in FOLDER.glob("*.js"):
        imports = re.findall(r"^import\b", path.read_text(), re.MULTILINE)
        exports = re.findall(r"^export\b", path.read_text(), re.MULTILINE)
        assert len(imports) == len(bundling._IMPORT.findall(path.read_text())), path.name
        assert len(exports) == len(bundling._EXPORT.findall(path.read_text())), path.name


def test_the_style_sheet_fetches_nothing() -> None:
    assert not re.search(r"url\(|@import", style())


def test_layers_beyond_the_last_look_like_it_and_a_negative_one_is_the_average() -> None:
    assert (LOOK.layer(0).shape, LOOK.layer(1).shape, LOOK.layer(4).shape) == ("circle", "square", "star")
    assert LOOK.layer(9) == LOOK.layers[-1]
    assert LOOK.layer(-1) == LOOK.average
