"""What was saved is restored exactly; what anybody may upload is refused with one clear sentence."""

from __future__ import annotations

import io
import json
import struct
import time
import zipfile
from collections.abc import Callable

import pytest

from app.export import PageSettings, document, restore, scene_of, to_bundle, to_json, to_parquet
from app.state import Card, LayerConfig, SurfacesConfig

CONFIG = SurfacesConfig(
    surface="rosenbrock", starts=((-1.5, 2.0), (0.1, 0.2)), noise="student", noise_freedom=2.5, noise_scale=0.05,
    seed=11, steps=30, target=0.5,
    cards=(Card(lr=0.001, base="adam", layers=(LayerConfig(k=3, alpha=0.3),) * 3), Card(on=False), Card(lr=1e-4)),
)  # fmt: skip


@pytest.fixture(scope="module")
def bundle_bytes() -> bytes:
    return to_bundle(scene_of(CONFIG), CONFIG, seconds=0.2)


def archive_with(**changes: object) -> bytes:
    """A saved document with some settings changed."""
    content = json.loads(to_json(CONFIG))
    content["config"] |= changes
    return json.dumps(content).encode()


def archive(*files: tuple[str | zipfile.ZipInfo, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as bundle_file:
        for name, data in files:
            bundle_file.writestr(name, data)
    return buffer.getvalue()


def test_a_document_restores_the_very_config() -> None:
    assert restore(to_json(CONFIG)) == PageSettings("surfaces", CONFIG)


def test_a_bundle_restores_a_run_of_identical_bytes(bundle_bytes: bytes) -> None:
    config = restore(bundle_bytes).config
    assert config == CONFIG
    with zipfile.ZipFile(io.BytesIO(bundle_bytes)) as bundle_file:
        assert to_parquet(scene_of(config)) == bundle_file.read("trajectory.parquet")


def test_a_bundle_holds_all_there_is_and_is_whole(bundle_bytes: bytes) -> None:
    with zipfile.ZipFile(io.BytesIO(bundle_bytes)) as bundle_file:
        assert bundle_file.testzip() is None
        assert set(bundle_file.namelist()) == {
            "config.json", "caption.txt", "trajectory.csv", "trajectory.parquet", "figure.png", "figure.svg",
            "figure.pdf", "player.html", "chart.html", "animation.gif", "animation.mp4", "run.py",
        }  # fmt: skip
        assert "Link: /?" in bundle_file.read("caption.txt").decode()
        assert all(bundle_file.read(name) for name in bundle_file.namelist())


def test_a_bundle_reports_its_files_one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    from app.export import bundle

    monkeypatch.setattr(bundle, "_makers", lambda *_: {"a.txt": lambda: b"a", "b.txt": lambda: b"b"})
    reports: list[tuple[int, int]] = []
    to_bundle(scene_of(CONFIG), CONFIG, on_progress=lambda *at: reports.append(at))
    assert reports == [(1, 2), (2, 2)]


def test_a_bundle_can_be_stopped_at_every_frame_of_its_animations() -> None:
    reports: list[tuple[int, int]] = []

    def report(done: int, files: int) -> None:
        reports.append((done, files))
        if reports.count((10, 12)) > 2:  # all but the two animations are there, and two frames
            raise InterruptedError

    with pytest.raises(InterruptedError):
        to_bundle(scene_of(CONFIG), CONFIG, seconds=0.2, on_progress=report)
    assert reports[-3:] == [(10, 12)] * 3


def test_a_document_written_by_an_editor_that_adds_a_mark_is_read() -> None:
    assert restore(b"\xef\xbb\xbf" + to_json(CONFIG)).config == CONFIG


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "neither a bundle nor a JSON document"),
        (b"\x80\x04\x95", "neither a bundle nor a JSON document"),
        (b"[1, 2]", "holds no settings of this program"),
        (b'{"format": "other", "page": "surfaces", "config": {}}', "holds no settings of this program"),
        (b'{"format": "lookahead-lab", "page": "nowhere", "config": {}}', "holds no settings of this program"),
        (b'{"format": "lookahead-lab", "page": ["surfaces"], "config": {}}', "holds no settings of this program"),
        (b'{"format": "lookahead-lab", "page": "surfaces", "config": [1]}', "config must be an object .* got list"),
        (b"[" * 100_000, "neither a bundle nor a JSON document"),
        (b'{"a": ' + b"9" * 100_000 + b"}", "neither a bundle nor a JSON document"),
        (b'{"a": NaN}', "neither a bundle nor a JSON document"),
        (b'"' + b"a" * 300_000 + b'"', "settings must be at most 256 KiB, got 293 KiB"),
    ],
)
def test_what_is_no_document_is_refused(data: bytes, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        restore(data)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"steps": 10**9}, r"steps: .*less than or equal to 5000 \(got '1000000000'\)"),
        ({"seed": "x" * 5000}, r"seed: .* \(got 'xxx"),
        ({"surface": "atlantis"}, "surface: no such surface"),
        ({"starts": [[9e9, 0]]}, "starts: start x must be in"),
        ({"starts": [[0, 0]] * 5000}, "starts"),
        ({"cards": [{"lr": -1}]}, "cards.0.lr: .*greater than 0"),
        ({"cards": [{"layers": [{"k": 0, "alpha": 0.5}]}]}, "cards.0.layers.0.k"),
        ({"__class__": "os.system"}, "__class__: no such setting"),
        ({"v": 99}, "v: settings of version '99' are not known here"),
    ],
)
def test_a_bad_setting_is_named_with_its_value(changes: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message) as refusal:
        restore(archive_with(**changes))
    assert len(str(refusal.value)) < 500


def test_a_file_too_large_is_refused_unread() -> None:
    with pytest.raises(ValueError, match="must be at most 64 MiB, got 65 MiB"):
        restore(b"PK" + bytes(65 * 2**20))


def link_to(name: str) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name)
    info.external_attr = 0o120777 << 16
    return info


@pytest.mark.parametrize(
    "name", ["../config.json", "/etc/passwd", "a/../../b", "C:\\x", "a\\b", "a\0b", "..", "-rf", "é.txt", "n" * 200]
)
def test_a_bundle_with_an_unsafe_name_is_refused(name: str) -> None:
    entry = zipfile.ZipInfo("x")
    entry.filename = entry.orig_filename = name
    data = archive(("config.json", to_json(CONFIG)), (entry, b""))
    with pytest.raises(ValueError, match="unsafe name or kind"):
        restore(data)


def test_a_bundle_with_a_symbolic_link_is_refused() -> None:
    with pytest.raises(ValueError, match="unsafe name or kind"):
        restore(archive(("config.json", to_json(CONFIG)), (link_to("inside"), b"/etc/passwd")))


def test_a_bomb_in_place_of_the_settings_is_never_unpacked() -> None:
    """100 MB of zeros in 100 kB: the reader stops at its limit, whatever the archive claims."""
    data = archive(("config.json", bytes(100 * 2**20)))
    start = time.perf_counter()
    with pytest.raises(ValueError, match="settings must be at most 256 KiB"):
        restore(data)
    assert time.perf_counter() - start < 1


def test_a_bundle_that_claims_a_flood_is_refused() -> None:
    data = bytearray(archive(("config.json", to_json(CONFIG)), ("big.csv", b"1")))
    at = data.rindex(b"PK\x01\x02")  # the last entry of the table of contents: its unpacked size is at offset 24
    data[at + 24 : at + 28] = struct.pack("<I", 3 * 2**30)
    with pytest.raises(ValueError, match="must unpack to at most 512 MiB, this one claims 3,072"):
        restore(bytes(data))


def test_a_bundle_of_too_many_files_is_refused() -> None:
    files = [(f"{number}.txt", b"") for number in range(70)]
    with pytest.raises(ValueError, match="at most 64 files, got 71"):
        restore(archive(("config.json", to_json(CONFIG)), *files))
    with pytest.raises(ValueError, match="at most 64 files: this one's table of contents is too long"):
        restore(archive(*((f"{number:050}.txt", b"") for number in range(3000))))


def test_a_bundle_needs_exactly_one_document() -> None:
    with pytest.raises(ValueError, match=r"must hold one config.json, got 0"):
        restore(archive(("other.json", to_json(CONFIG))))
    with pytest.warns(UserWarning, match="Duplicate name"):
        twice = archive(("config.json", to_json(CONFIG)), ("config.json", to_json(CONFIG)))
    with pytest.raises(ValueError, match=r"must hold one config.json, got 2"):
        restore(twice)


def encrypt(data: bytes) -> bytes:
    at = data.rindex(b"PK\x01\x02")
    return data[: at + 8] + b"\x01" + data[at + 9 :]


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda data: data[: len(data) // 2], "no table of contents"),
        (lambda data: data[:60] + b"\xff" * 40 + data[100:], "damaged"),
        (encrypt, "must not be encrypted"),
        (lambda _: b"PK", "no table of contents"),
        (lambda _: b"PK\x05\x06" + bytes(18), "must hold one config.json, got 0"),
    ],
)
def test_a_damaged_bundle_is_refused(spoil: Callable[[bytes], bytes], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        restore(spoil(archive(("config.json", to_json(CONFIG)))))


def test_only_configs_of_a_page_can_be_saved() -> None:
    with pytest.raises(TypeError, match="config must be one of SurfacesConfig"):
        document.to_json(Card())
