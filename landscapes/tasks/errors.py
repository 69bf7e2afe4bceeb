"""What is wrong with a data set's files, in sentences that name the file and the remedy."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

PICKLE_START = b"\x80"  # the first byte of a pickle since protocol 2; no label is that large
_PAGE_STARTS = (b"<!doctype html", b"<html", b"<head", b"<?xml")
_BEFORE_PAGE = b"\xef\xbb\xbf \t\r\n"  # a byte order mark, and blanks


class DataFormatError(ValueError):
    """A file is not what its name says, is damaged, or was cut off."""


class DataUnavailableError(RuntimeError):
    """A set is not on this machine and could not be fetched, or does not fit into its memory."""


def refuse_page(start: bytes, name: str) -> None:
    """Refuse a file that begins like a web page, which is what a failed download often leaves.

    Raises:
        DataFormatError: it does.
    """
    if start.lstrip(_BEFORE_PAGE).lower().startswith(_PAGE_STARTS):
        raise DataFormatError(
            f"{name} is a web page, not data: an error or a question was saved in place of the file. Open it in a "
            "browser to see what it says, and fetch the file itself"
        )


def refuse_pickle(start: bytes, name: str, remedy: str) -> None:
    """Refuse a file that begins like a pickle.

    Raises:
        DataFormatError: it does.
    """
    if start[:1] == PICKLE_START:
        raise DataFormatError(pickle_message(name, remedy))


def pickle_message(name: str, remedy: str) -> str:
    """Why a pickle is never read; `remedy` names the version to put in its place."""
    return (
        f"{name} is the Python version of the set, a pickle: reading one can run any program, so it is never done. "
        f"Put the binary version in its place: {remedy}"
    )


@contextmanager
def memory_explained(what: str, remedy: str) -> Iterator[None]:
    """Say which data set was too large for this machine, and what helps.

    Raises:
        DataUnavailableError: memory ran out within.
    """
    try:
        yield
    except MemoryError as error:
        raise DataUnavailableError(f"{what} does not fit into this machine's memory: {remedy}") from error
