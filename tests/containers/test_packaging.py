"""What is packed into the images."""

import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]
FOLDERS = [ROOT / name for name in ("components", "emulator", "pipelines")]
SETUPTOOLS = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]


def test_every_package_of_the_repository_is_packed() -> None:
    found = {path.parent.relative_to(ROOT) for folder in FOLDERS for path in folder.rglob("__init__.py")}
    packages = {"graduate." + ".".join(package.parts) for package in found}
    assert set(SETUPTOOLS["packages"]) == packages | {"graduate.containers"}


def test_every_file_that_the_code_reads_is_packed() -> None:
    patterns = SETUPTOOLS["package-data"]
    packed = {
        path
        for package in SETUPTOOLS["packages"]
        for pattern in [*patterns["*"], *patterns.get(package, [])]
        for path in ROOT.joinpath(*package.split(".")[1:]).glob(pattern)
    }
    files = {path for folder in FOLDERS for path in folder.rglob("*") if path.is_file()}
    assert {path for path in files if path.suffix not in (".py", ".pyc")} <= packed
