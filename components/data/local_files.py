"""Files in folders of this machine."""

import os
from collections.abc import Iterator


def walk_local(folder: str) -> Iterator[tuple[str, str]]:
    """Yields (path, version) of the files below a folder, without hidden ones; nothing where there is no such folder.

    A link to nothing is one of them, as who reads it is to hear of it; links to folders are not followed.
    """
    if not os.path.isdir(folder):
        return
    with os.scandir(folder) as entries:
        for entry in entries:
            if is_hidden(entry.name):
                continue
            if entry.is_dir(follow_symlinks=False):
                yield from walk_local(entry.path)
            elif entry.is_file() or _is_broken_link(entry):
                yield entry.path, version(entry.stat(follow_symlinks=entry.is_file()))


def _is_broken_link(entry: os.DirEntry[str]) -> bool:
    return entry.is_symlink() and not os.path.exists(entry.path)


def version(stat: os.stat_result) -> str:
    """Of a file: it changes when the file does."""
    return f"{stat.st_size} {stat.st_mtime_ns}"


def is_hidden(relative_name: str) -> bool:
    """Whether a file or a folder that it lies in is a hidden one, such as `.ipynb_checkpoints`."""
    return any(part.startswith(".") for part in relative_name.split("/"))
