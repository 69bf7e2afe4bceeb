"""`render`, `run` and `gallery` through click's runner and, one path each, as real processes."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from PIL import Image
from pyarrow import csv, parquet
from pydantic import BaseModel

from app.cli import main
from app.cli.export import FILMS, PAGES, PICTURES, TAKES
from app.export import Offer, restore, scene_of, to_json, to_parquet
from app.export.bundle import _makers
from app.export.pages import page_of
from app.export.theory import theory_caption
from app.figures.caption import surface_caption
from app.figures.games import game_caption
from app.state import Card, GamesConfig, LayerConfig, SurfacesConfig
from app.state.links import short_link
from app.state.presets import PRESETS
from app.state.theory import TheoryConfig

CONFIG = SurfacesConfig(surface="himmelblau", starts=((1.0, 2.0),), steps=30, seed=4)


def invoke(*arguments: str, stdin: bytes | None = None) -> Result:
    return CliRunner().invoke(main, arguments, input=stdin)


def settings_of(*arguments: str, stdin: bytes | None = None) -> SurfacesConfig:
    """The config that these arguments describe, as `run` writes it."""
    result = invoke("run", *arguments, "--format", "json", "-O", "-", stdin=stdin)
    assert result.exit_code == 0, result.output
    return restore(result.stdout_bytes).config


def bundle_of(config: BaseModel, name: str) -> bytes:
    """One file of the bundle of what this config describes."""
    page = page_of(config)
    captions = {"surfaces": surface_caption, "games": game_caption, "theory": theory_caption}
    return _makers(Offer(captions[page.key](config)), config, {}, {})[name]()


def refusal(*arguments: str) -> str:
    """The one line with which these arguments are refused."""
    result = invoke(*arguments)
    assert result.exit_code == 1
    assert result.stdout == ""
    assert result.stderr.startswith("Error: ")
    assert result.stderr.count("\n") == 1
    return result.stderr.removeprefix("Error: ").rstrip()


@pytest.mark.parametrize(
    ("name", "starts_with"),
    [
        ("a.png", b"\x89PNG"), ("a.svg", b"<?xml"), ("a.pdf", b"%PDF"), ("a.gif", b"GIF89a"), ("a.html", b"<!doctype"),
    ],
)  # fmt: skip
def test_render_writes_what_the_name_says(tmp_path: Path, name: str, starts_with: bytes) -> None:
    target = tmp_path / "new folder" / name
    film = ("--seconds", "0.2") if name.endswith("gif") else ()
    result = invoke("render", "--surface", "booth", "--steps", "20", *film, "-O", str(target))
    assert result.exit_code == 0, result.output
    assert result.stdout == ""
    assert result.stderr == f"{target}: {target.stat().st_size:,} bytes\n"
    assert target.read_bytes().startswith(starts_with)


def test_render_follows_its_options(tmp_path: Path) -> None:
    target = tmp_path / "a.png"
    size = ("--width", "4", "--height", "3", "--dpi", "50")
    invoke("render", "--surface", "booth", "--steps", "20", "--step", "5", *size, "-O", str(target))
    image = Image.open(target)
    assert image.size == (200, 150)
    timing = ("--seconds", "0.5", "--fps", "10", "--width", "200", "--height", "160")
    film = invoke("render", "--surface", "booth", "--steps", "9", "--format", "gif", "-O", "-", *timing)
    image = Image.open(io.BytesIO(film.stdout_bytes))
    assert (image.n_frames, image.size) == (5, (200, 160))


def test_render_of_a_chart_is_plotly(tmp_path: Path) -> None:
    invoke("render", "--surface", "booth", "--steps", "20", "--plotly", "-O", str(tmp_path / "a.html"))
    assert b"Plotly.newPlot" in (tmp_path / "a.html").read_bytes()


def test_run_writes_the_table_of_the_very_run(tmp_path: Path) -> None:
    arguments = ("--surface", "himmelblau", "--start", "1,2", "--steps", "30", "--seed", "4")
    target = tmp_path / "a.parquet"
    assert invoke("run", *arguments, "-O", str(target)).exit_code == 0
    assert target.read_bytes() == to_parquet(scene_of(CONFIG))
    result = invoke("run", *arguments, "--format", "csv", "-O", "-")
    rows = csv.read_csv(io.BytesIO(result.stdout_bytes))
    assert rows["x"].to_pylist() == parquet.read_table(target)["x"].to_pylist()


def test_run_gives_the_script(tmp_path: Path) -> None:
    invoke("run", "--surface", "booth", "-O", str(tmp_path / "a.py"))
    compile((tmp_path / "a.py").read_text(encoding="utf-8"), "a.py", "exec")


@pytest.mark.parametrize("name", PRESETS["surfaces"])
def test_a_preset_is_that_of_the_app(name: str) -> None:
    assert settings_of("--preset", name) == PRESETS["surfaces"][name].config


def test_a_file_a_link_and_standard_input_say_the_same(tmp_path: Path) -> None:
    path = tmp_path / "saved.json"
    path.write_bytes(to_json(CONFIG))
    assert settings_of(str(path)) == CONFIG
    assert settings_of(short_link(CONFIG, "https://lab.example/surfaces")) == CONFIG
    assert settings_of("-", stdin=to_json(CONFIG)) == CONFIG


@pytest.mark.parametrize("config", [CONFIG, GamesConfig(game="forsaken", steps=70), TheoryConfig()])
def test_the_link_under_a_caption_is_read_again(config: BaseModel) -> None:
    link = bundle_of(config, "caption.txt").decode().rpartition("Link: ")[2].rstrip()
    assert settings_of(link) == config


def test_a_link_that_is_longer_than_a_files_name_may_be_is_read() -> None:
    cards = tuple(Card(lr=0.0123 + 0.00457 * n, layers=(LayerConfig(k=7 + n, alpha=0.31),) * 4) for n in range(4))
    config = CONFIG.model_copy(update={"cards": cards})
    link = short_link(config, "")
    assert len(link) > 255
    assert settings_of(link) == config


def test_options_go_over_what_the_file_says(tmp_path: Path) -> None:
    path = tmp_path / "saved.json"
    path.write_bytes(to_json(CONFIG))
    config = settings_of(str(path), "--seed", "9", "--set", "2.lr=0.5", "--noise", "gaussian")
    cards = (CONFIG.cards[0], CONFIG.cards[1].model_copy(update={"lr": 0.5}), CONFIG.cards[2])
    assert config == CONFIG.model_copy(update={"seed": 9, "noise": "gaussian", "cards": cards})


def test_another_surface_brings_its_own_start(tmp_path: Path) -> None:
    path = tmp_path / "saved.json"
    path.write_bytes(to_json(CONFIG))
    assert settings_of(str(path), "--surface", "booth").starts == SurfacesConfig(surface="booth").starts


def test_a_surface_alone_is_what_its_page_shows() -> None:
    assert settings_of("--surface", "beale") == SurfacesConfig(surface="beale")


def test_a_game_alone_is_what_its_page_shows() -> None:
    assert settings_of("--game", "forsaken") == GamesConfig(game="forsaken")
    assert settings_of("--preset", next(iter(PRESETS["games"]))) == next(iter(PRESETS["games"].values())).config


def test_optimizers_replace_the_customary_ones() -> None:
    config = settings_of("--surface", "booth", "-o", "lr=0.02", "-o", "lr=0.03 base=adam layers=5:0.5,2:0.8")
    layers = (LayerConfig(k=5, alpha=0.5), LayerConfig(k=2, alpha=0.8))
    assert config.cards == (Card(lr=0.02), Card(lr=0.03, base="adam", layers=layers, color=1))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("render", "nothing.json"), "no such file, and not a link with settings: 'nothing.json'"),
        (("render", "--preset", "x"), "no such preset: 'x'; `lookahead-lab list presets` names them"),
        (("render", "a", "--preset", "x"), "give a file or link, or --preset, not both"),
        (("render", "-O", "a.bmp"), "the format must be one of png, svg, pdf, gif, mp4, html, got 'bmp'; see --format"),
        (("run", "-O", "a"), "the format must be one of csv, parquet, json, py, zip, got ''; see --format"),
        (("run", "--steps", "0"), "steps: should be greater than or equal to 1 (got '0')"),
        (("run", "--start", "99,0"), "starts: start x must be in [-4, 4] on this surface, got 99 (got '99,0')"),
        (("run", "--set", "2.colour=1"), "2.colour: no such setting"),
        (("run", "--set", "lr"), "settings must read NAME=VALUE, got 'lr'"),
        (("run", "-o", "lr=-1"), "1.lr: should be greater than 0 (got '-1')"),
        (("run", "?steps=0"), "steps: should be greater than or equal to 1 (got '0')"),
        (("render", "--steps", "5", "--step", "6"), "step must be in [0, 5], got 6"),
        (("render", "--steps", "5", "--dpi", "5"), "dpi must be in [30, 1200], got 5"),
        (("render", "--steps", "5", "-O", "/proc/none/a.png"), "No such file or directory"),
        (("render", "--step", "3", "-O", "a.gif"), "--step is for png, svg, pdf, not for gif: leave it out or change"),
        (("render", "--figure", "foo", "-O", "a.mp4"), "--figure is for png, svg, pdf, not for mp4"),
        (("render", "--style", "dark", "-O", "a.html"), "--style is for png, svg, pdf, gif, mp4, not for html"),
        (("render", "--plotly", "-O", "a.png"), "--plotly is for html, not for png"),
        (("render", "--dpi", "300", "-O", "a.svg"), "--dpi is for png, not for svg"),
        (("render", "--steps", "5", "--width", "nan", "-O", "a.gif"), "--width must be a whole number of pixels"),
        (("render", "--steps", "5", "--height", "inf"), "height must be in [1.5, 40] inches, got inf"),
    ],
)
def test_what_cannot_be_is_refused_in_one_line(arguments: tuple[str, ...], message: str) -> None:
    assert message in refusal(*arguments)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("render", "--foo"), "No such option '--foo'."),
        (("rendre",), "No such command 'rendre'."),
        (("run", "--steps", "many"), "Invalid value for '--steps': 'many' is not a valid integer."),
        (("list", "things"), "'things' is not one of"),
        (("--foo",), "No such option '--foo'."),
    ],
)
def test_arguments_that_click_refuses_are_named_in_one_line(arguments: tuple[str, ...], message: str) -> None:
    result = invoke(*arguments)
    assert (result.exit_code, result.stdout, result.stderr.count("\n")) == (2, "", 1)
    assert result.stderr.startswith("Error: ")
    assert message in result.stderr


def test_without_arguments_the_commands_are_listed() -> None:
    assert "Commands:" in invoke().stderr


def test_every_format_heeds_options_that_there_are() -> None:
    options = {parameter.name for parameter in main.commands["render"].params}
    assert {name for names in TAKES.values() for name in names} <= options
    assert set(TAKES) == {*PICTURES, *FILMS, *PAGES}


def test_a_hostile_file_is_refused_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "bad.zip").write_bytes(b"PK\x03\x04 not an archive")
    assert refusal("render", str(tmp_path / "bad.zip")).startswith("the bundle is damaged")


def test_each_example_in_the_help_names_real_options() -> None:
    for name in ("render", "run", "gallery"):
        command = main.commands[name]
        options = {option for parameter in command.params for option in parameter.opts}
        examples = command.help.partition("Example")[2]
        assert "lookahead-lab" in examples
        assert {word for word in examples.split() if word.startswith("--")} <= options


def test_the_gallery_shows_every_surface_game_and_preset(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from app.export import gallery
    from landscapes.games import GAMES
    from landscapes.surfaces import SURFACES

    groups = gallery.exhibits()
    exhibits = [exhibit for group in groups.values() for exhibit in group]
    names = {*PRESETS["surfaces"], *PRESETS["games"], *(one.name for one in (*SURFACES.values(), *GAMES.values()))}
    assert {exhibit.name for exhibit in exhibits} == names
    assert len({exhibit.file for exhibit in exhibits}) == len(exhibits)
    few = {heading: group[:1] for heading, group in groups.items()}
    monkeypatch.setattr(gallery, "exhibits", lambda: few)
    assert invoke("gallery", str(tmp_path)).stderr == f"{tmp_path}: 4 pictures\n"
    text = (tmp_path / "README.md").read_text(encoding="utf-8")
    for group in few.values():
        assert f"]({group[0].file})" in text
        assert Image.open(tmp_path / group[0].file).size == (704, 484)
    film = tmp_path / gallery.FILM
    assert film.stat().st_size < 1_000_000
    assert Image.open(film).n_frames > 50


def test_the_shell_completes_commands_surfaces_and_presets() -> None:
    from click.shell_completion import ShellComplete

    complete = ShellComplete(main, {}, "lookahead-lab", "_LOOKAHEAD_LAB_COMPLETE")

    def completions(arguments: list[str], start: str) -> list[str]:
        return [item.value for item in complete.get_completions(arguments, start)]

    assert completions([], "re") == ["render"]
    assert completions(["render", "--surface"], "hi") == ["himmelblau"]
    assert completions(["run", "--preset"], "Many") == ["Many basins"]


def process(*arguments: str, folder: Path) -> subprocess.CompletedProcess[bytes]:
    root = Path(__file__).parents[3]
    environment = {**os.environ, "PYTHONPATH": str(root)}
    command = [sys.executable, "-X", "importtime", "-m", "app.cli", *arguments]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, check=True)


def test_render_as_a_process_shows_no_bar_in_a_pipe_and_imports_no_more_than_it_needs(tmp_path: Path) -> None:
    result = process("render", "--surface", "booth", "--steps", "20", "-O", "a.png", folder=tmp_path)
    assert Image.open(tmp_path / "a.png").format == "PNG"
    imports, messages = [], []
    for line in result.stderr.decode().splitlines():
        (imports if line.startswith("import time:") else messages).append(line)
    assert messages == [f"a.png: {(tmp_path / 'a.png').stat().st_size:,} bytes"]
    modules = {line.rpartition("|")[2].strip() for line in imports}
    assert not modules & {"streamlit", "dask", "distributed", "pandas", "imageio_ffmpeg", "matplotlib.pyplot"}
    assert "torch._dynamo.convert_frame" not in modules


def test_run_as_a_process_gives_the_same_bytes_as_the_app(tmp_path: Path) -> None:
    (tmp_path / "saved.json").write_bytes(to_json(CONFIG))
    process("run", "saved.json", "-O", "a.parquet", folder=tmp_path)
    assert (tmp_path / "a.parquet").read_bytes() == to_parquet(scene_of(CONFIG))


def test_settings_written_by_run_are_a_document(tmp_path: Path) -> None:
    invoke("run", "--surface", "booth", "-O", str(tmp_path / "a.json"))
    assert json.loads((tmp_path / "a.json").read_text(encoding="utf-8"))["page"] == "surfaces"


def test_a_start_and_a_scale_have_other_dashes_and_decimal_commas() -> None:
    options = ("--surface", "bowl", "--noise", "gaussian", "--noise-scale", "0,5", "--start", "\u22121,5, 2,5")
    config = settings_of(*options, "-o", "lr=0,01")
    assert (config.noise_scale, config.starts, config.cards[0].lr) == (0.5, ((-1.5, 2.5),), 0.01)
