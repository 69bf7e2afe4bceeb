"""A set's published archive, read as it is: the named members alone, in one pass, and nothing unpacked to disk."""

from __future__ import annotations

import gzip
import io
import lzma
import tarfile
import zlib
from collections.abc import Iterator
from functools import partial
from pathlib import Path, PurePosixPath

from landscapes.tasks.catalogue import DataEntry, Files
from landscapes.tasks.errors import DataFormatError, pickle_message, refuse_page
from landscapes.tasks.source import Source, first_bytes

MOST_MEMBERS = 1_000
MOST_BYTES = 1 << 28  # of a member: the largest published one has 154 MB
PAGE_BYTES = 200  # enough to know a web page


def read_archive(path: Path, entry: DataEntry, files: Files) -> dict[str, Source]:
    """The original files in an archive, compressed or not, by their published names, in whatever folder they lie.

    Raises:
        DataFormatError: damaged, no archive, of another version of the set, or a member that is missing or too large.
    """
    refuse_page(first_bytes(path, PAGE_BYTES), str(path))
    try:
        contents = dict(_members(path, files))
    except (EOFError, zlib.error, gzip.BadGzipFile, lzma.LZMAError, tarfile.TarError) as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0].rstrip(":")
        raise DataFormatError(f"{path} is damaged, cut off, or no archive ({reason}): fetch it again") from error
    if missing_names := [name for name in files.names if name not in contents]:
        raise DataFormatError(f"{path} lacks {', '.join(missing_names)} of {entry.name}: fetch it again")
    return {name: Source(f"{path}: {name}", partial(io.BytesIO, content)) for name, content in contents.items()}


def _members(path: Path, files: Files) -> Iterator[tuple[str, bytes]]:
    """Names and contents of the members that are original files; reading ends with the last one."""
    awaited_names = set(files.names)
    with tarfile.open(path, "r:*") as archive:
        for number, member in enumerate(archive):
            name = PurePosixPath(member.name).name
            if number >= MOST_MEMBERS or member.size > MOST_BYTES:
                raise DataFormatError(
                    f"{path} has more than {MOST_MEMBERS:,} members or one above {MOST_BYTES / 1e6:.0f} MB "
                    f"({member.name}, {member.size / 1e6:.0f} MB): it is not {files.archive}"
                )
            if member.isfile() and name in files.pickled:
                raise DataFormatError(pickle_message(f"{path} ({member.name})", files.archive))
            content = archive.extractfile(member) if member.isfile() and name in awaited_names else None
            if content is not None:
                yield name, content.read()
                awaited_names.remove(name)
            if not awaited_names:
                return
