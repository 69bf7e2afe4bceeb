"""What must hold of the project as a whole: import rules, pins, sizes, and that the documents name what exists."""

import ast
import importlib
import re
import subprocess
import sys
import tomllib
import zipfile
from importlib.metadata import version
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
ROOMS = ("optim_core", "landscapes", "app")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
LARGEST_FILE = 2_000_000
LONGEST_FILE, LONGEST_FUNCTION = 400, 40


def run(*command: str, **options) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, capture_output=True, text=True, cwd=ROOT, **options)


def tracked_files(*folders: str) -> list[Path]:
    listing = run("git", "ls-files", "-z", "--", *folders)
    if listing.returncode:
        pytest.skip("not a git checkout")
    return [ROOT / name for name in listing.stdout.split("\0") if name and (ROOT / name).is_file()]


def pins(name: str) -> list[Requirement]:
    lines = (line.split("#")[0].strip() for line in (ROOT / name).read_text().splitlines())
    return [Requirement(line) for line in lines if line and not line.startswith("-r")]


def documents() -> list[Path]:
    return [path for path in tracked_files() if path.suffix == ".md"]


def test_every_room_keeps_to_its_imports():
    process = run(str(Path(sys.executable).with_name("lint-imports")), "--no-cache")
    assert process.returncode == 0, process.stdout


def test_the_picture_of_the_rooms_is_what_the_imports_say():
    process = run(sys.executable, "-c", "import sys; sys.path.insert(0, 'docs'); import rooms; print(rooms.picture())")
    assert process.stdout.strip() == (ROOT / "docs" / "rooms.svg").read_text(encoding="utf-8").strip(), process.stderr


@pytest.mark.parametrize("name", ["requirements.txt", "requirements-dev.txt"])
def test_requirements_are_exact_and_installed(name):
    for pin in pins(name):
        (specifier,) = pin.specifier
        assert specifier.operator == "==", str(pin)
        if pin.marker is None or pin.marker.evaluate():
            assert version(pin.name).split("+")[0] == specifier.version, str(pin)


def test_every_declared_dependency_is_pinned_within_its_range():
    versions = {canonicalize_name(pin.name): next(iter(pin.specifier)).version for pin in pins("requirements.txt")}
    for requirement in map(Requirement, [*PROJECT["dependencies"], *PROJECT["optional-dependencies"]["app"]]):
        assert requirement.specifier.contains(versions[canonicalize_name(requirement.name)]), str(requirement)


def test_every_third_party_import_is_declared():
    installed_as = {"PIL": "pillow", "sklearn": "scikit-learn", "mpl_toolkits": "matplotlib"}
    installed_as |= {"frontmatter": "python-frontmatter", "yaml": "pyyaml", "markdown_it": "markdown-it-py"}
    installed_as |= {"fpdf": "fpdf2"}
    requirements = [*PROJECT["dependencies"], *PROJECT["optional-dependencies"]["app"]]
    packages = {canonicalize_name(Requirement(line).name) for line in requirements}
    for path in tracked_files(*ROOMS):
        if path.suffix == ".py":
            foreign = imports(path) - set(sys.stdlib_module_names) - set(ROOMS)
            assert {canonicalize_name(installed_as.get(name, name)) for name in foreign} <= packages, path


def imports(path: Path) -> set[str]:
    names = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and not node.level:
            names.add(node.module.split(".")[0])
    return names


def test_no_file_is_large():
    assert [path for path in tracked_files() if path.stat().st_size > LARGEST_FILE] == []


@pytest.mark.parametrize("room", ROOMS)
def test_files_and_functions_stay_short(room):
    for path in tracked_files(room):
        if path.suffix == ".py":
            source = path.read_text()
            assert source.count("\n") <= LONGEST_FILE, path
            for node in ast.walk(ast.parse(source)):
                if isinstance(node, ast.FunctionDef):
                    assert body_lines(node) <= LONGEST_FUNCTION, f"{path}: {node.name}"


def body_lines(function: ast.FunctionDef) -> int:
    """Lines after the signature and docstring: a page of explanation does not make a function long."""
    statements = function.body[1:] if ast.get_docstring(function) else function.body
    return function.end_lineno - statements[0].lineno + 1 if statements else 0


def test_documents_name_commands_that_exist():
    from app.cli import main

    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    for path in documents():
        text = path.read_text()
        assert set(re.findall(r"(?:`|^|    )make ([a-z-]+)", text, re.MULTILINE)) <= targets, path
        assert set(re.findall(r"(?:`|^|    )lookahead-lab ([a-z]+)", text, re.MULTILINE)) <= set(main.commands), path


def test_documents_link_to_what_exists():
    for path in documents():
        for target in re.findall(r"\]\(([^)\s#]+)[^)]*\)", path.read_text()):
            if "://" not in target and not target.startswith("mailto:"):
                assert (path.parent / target).exists(), f"{path}: {target}"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """The built wheel."""
    folder = tmp_path_factory.mktemp("tree")
    for path in tracked_files(*ROOMS, "pyproject.toml", "README.md", "LICENSE", "lookahead_lab.py"):
        copy = folder / path.relative_to(ROOT)
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_bytes(path.read_bytes())
    command = (sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", "wheels", ".")
    process = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    assert process.returncode == 0, process.stdout + process.stderr
    (path,) = (folder / "wheels").glob("*.whl")
    return path


def test_the_wheel_carries_the_library_and_the_command_and_nothing_else(wheel):
    """A package `app` in site-packages would clash with everybody's own."""
    names = zipfile.ZipFile(wheel).namelist()
    library = {path.relative_to(ROOT).as_posix() for path in tracked_files("optim_core", "landscapes")}
    others = {name for name in names if ".dist-info/" not in name} - library
    assert library <= set(names)
    assert others == {"lookahead_lab.py"}


def test_the_command_of_an_installed_wheel_says_where_the_application_is(wheel, tmp_path):
    zipfile.ZipFile(wheel).extractall(tmp_path)
    command = (sys.executable, "-P", "lookahead_lab.py")
    process = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert process.returncode == 1
    assert "`make app`" in process.stderr


@pytest.mark.parametrize("missing", ["click", "streamlit"])
def test_the_command_without_its_extra_says_what_to_install(missing):
    program = f"import sys; sys.modules[{missing!r}] = None; from lookahead_lab import main; main()"
    process = run(sys.executable, "-c", program, "app")
    assert process.returncode == 1
    assert process.stderr.splitlines()[-1].startswith(
        f"lookahead-lab needs {missing}, which is not installed: pip install"
    )


@pytest.mark.parametrize("name", sorted(path.stem for path in (ROOT / "benchmarks").glob("*.py")))
def test_benchmarks_find_what_they_import(name: str) -> None:
    importlib.import_module(f"benchmarks.{name}")
