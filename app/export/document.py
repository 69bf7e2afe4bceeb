"""A page's settings as a JSON document, and read from an untrusted document or bundle."""

from __future__ import annotations

import io
import json
import re
import stat
import zipfile
import zlib
from dataclasses import dataclass
from typing import Any, NoReturn

from pydantic import ValidationError

from app.export.pages import PAGES, page_of
from app.figures.caption import program
from app.state.base import PageConfig
from app.state.errors import explain
from app.state.links import FIRST_VERSION, migrate, version_of

FORMAT = "lookahead-lab"
CONFIG_NAME = "config.json"

MOST_UPLOADED = 64 * 2**20  # bytes
MOST_CONFIG = 256 * 2**10
MOST_FILES = 64
MOST_UNPACKED = 512 * 2**20  # bytes that an archive may claim to hold; none but the config is ever unpacked
MOST_READ = MOST_CONFIG + 1  # bytes of an archive at once
SAFE_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.\-]{0,99}(/[A-Za-z0-9_][A-Za-z0-9_.\-]{0,99}){0,3}/?")


@dataclass(frozen=True)
class PageSettings:
    """The page of an upload and its settings."""

    page: str
    config: PageConfig


def to_json(config: PageConfig) -> bytes:
    """The document from which `restore` restores a page exactly."""
    document = {
        "format": FORMAT,
        "page": page_of(config).key,
        "made_with": program(),
        "config": config.model_dump(mode="json"),
    }
    return (json.dumps(document, indent=2, ensure_ascii=False) + "\n").encode()


def restore(data: bytes) -> PageSettings:
    """Read an uploaded config or bundle.

    Nothing is written to disk, nothing but the one JSON file of a bundle is unpacked, and nothing is ever executed.

    Raises:
        ValueError: the file is too large, damaged, hostile or of another program, or a setting in it is not valid; one
            sentence says which and why.
    """
    if len(data) > MOST_UPLOADED:
        raise ValueError(f"the file must be at most {MOST_UPLOADED // 2**20} MiB, got {len(data) / 2**20:.0f} MiB")
    document = _parse(_from_archive(data) if data[:2] == b"PK" else data)
    page = document.get("page")
    if document.get("format") != FORMAT or not isinstance(page, str) or page not in PAGES:
        raise ValueError("the file holds no settings of this program: save them on a page as JSON or as a bundle")
    settings = document.get("config")
    if not isinstance(settings, dict):
        raise ValueError(f"config must be an object with settings, got {type(settings).__name__}")
    return PageSettings(page, _validate(page, settings))


def _validate(page: str, settings: dict[str, Any]) -> PageConfig:
    model = PAGES[page].model
    settings = migrate(settings, model)
    version = str(settings.get("v", FIRST_VERSION))
    if version != version_of(model):
        raise ValueError(f"v: settings of version {version[:20]!r} are not known here; a newer program wrote them")
    try:
        return model.model_validate({**settings, "v": int(version)})
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(str(part) for part in first["loc"])[:80] or "config"
        reason = explain(first, within=len(first["loc"]))
        raise ValueError(f"{place}: {reason} (got {str(first['input'])[:40]!r})") from None


def _parse(data: bytes) -> dict[str, Any]:
    if len(data) > MOST_CONFIG:
        raise ValueError(f"settings must be at most {MOST_CONFIG // 2**10} KiB, got {len(data) / 2**10:.0f} KiB")
    try:
        document = json.loads(data.decode("utf-8-sig"), parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise ValueError("the file is neither a bundle nor a JSON document of this program") from error
    return document if isinstance(document, dict) else {}


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON number")


class _CappedReads(io.BytesIO):
    """An archive with at most `MOST_READ` bytes per read: zipfile reads a table of contents at once."""

    def read(self, size: int | None = -1, /) -> bytes:
        if size is not None and size > MOST_READ:
            raise ValueError(f"a bundle must hold at most {MOST_FILES} files: this one's table of contents is too long")
        return super().read(size)


def _from_archive(data: bytes) -> bytes:
    """The bytes of config.json in a bundle, after checks of its table of contents."""
    file = _CappedReads(data)
    try:
        if not zipfile.is_zipfile(file):
            raise ValueError("the bundle is damaged: it has no table of contents")
        with zipfile.ZipFile(file) as archive:
            entries = archive.infolist()
            _check_entries(entries)
            configs = [entry for entry in entries if entry.filename == CONFIG_NAME]
            if len(configs) != 1:
                raise ValueError(f"a bundle must hold one {CONFIG_NAME}, got {len(configs)}")
            with archive.open(configs[0]) as settings:
                return settings.read(MOST_CONFIG + 1)
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError, UnicodeError) as error:
        raise ValueError("the bundle is damaged or in a form that is not read here") from error


def _check_entries(entries: list[zipfile.ZipInfo]) -> None:
    if len(entries) > MOST_FILES:
        raise ValueError(f"a bundle must hold at most {MOST_FILES} files, got {len(entries)}")
    for entry in entries:
        if not SAFE_NAME.fullmatch(entry.orig_filename) or stat.S_ISLNK(entry.external_attr >> 16):
            raise ValueError(f"the bundle holds a file with an unsafe name or kind: {entry.orig_filename[:60]!r}")
        if entry.flag_bits & 1:
            raise ValueError(f"the bundle must not be encrypted, {entry.filename[:60]!r} is")
    total = sum(entry.file_size for entry in entries)
    if total > MOST_UNPACKED:
        raise ValueError(
            f"a bundle must unpack to at most {MOST_UNPACKED // 2**20} MiB, this one claims {total / 2**20:,.0f}"
        )
