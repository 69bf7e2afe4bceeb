"""Files of the run store: written atomically, with errors that name a remedy."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import json
import os
import uuid
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from app.jobs.errors import StoreError

DATA_VARIABLE = "LOOKAHEAD_DATA"


@contextlib.contextmanager
def clear_errors(root: Path) -> Iterator[None]:
    """Turn errors of the operating system into messages that name a remedy."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            reason = f"the disk of the run store {root} is full: free some space there"
        elif error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
            reason = (
                f"the run store {root} cannot be written (permission denied): mount a folder that {_user()} can write"
            )
        else:
            reason = f"the run store {root} cannot be used ({error.strerror or error})"
        raise StoreError(f"{reason}, or name another folder in {DATA_VARIABLE}") from error


def _user() -> str:
    return f"user id {os.getuid()}" if hasattr(os, "getuid") else "this user"


def write_atomically(path: Path, content: bytes) -> None:
    """Write a file so that readers see the old one or the new one, never a part."""
    temporary = path.with_name(f".{path.name}.{uuid.uuid4().hex}")
    try:
        temporary.write_bytes(content)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def size_and_checksum(path: Path) -> dict[str, Any]:
    """Size and checksum of a file."""
    return {"bytes": path.stat().st_size, "sha256": file_digest(path)}


def file_digest(path: Path) -> str:
    """SHA-256 of a file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def digest(content: Mapping[str, Any]) -> str:
    """SHA-256 of a JSON-able value."""
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def folder_size(folder: Path) -> int:
    """Bytes of all files below a folder; 0 when it vanished meanwhile."""
    with contextlib.suppress(OSError):
        return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    return 0


def modification_time(path: Path) -> float:
    """When a file was last written, in seconds since 1970; 0 when it vanished meanwhile."""
    with contextlib.suppress(OSError):
        return path.stat().st_mtime
    return 0.0


def size_of(path: Path) -> int:
    """Bytes of a file; 0 when it vanished meanwhile."""
    with contextlib.suppress(OSError):
        return path.stat().st_size
    return 0


def gigabytes(count: int) -> str:
    """A number of bytes for people."""
    return f"{count / 1e9:.2f} GB"
