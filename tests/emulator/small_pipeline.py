"""A pipeline of one task, small enough to compile for each test."""

from pathlib import Path

from kfp import compiler, dsl

BUILT = f"graduate/predict@sha256:{'0' * 64}"


def compile_pipeline(image: str, path: Path) -> Path:
    """A pipeline of one task with `image`, named counting, with a location and a number as parameters."""

    @dsl.component(base_image=image, install_kfp_package=False)
    def count(dataset: str, seed: int) -> int:
        return seed

    @dsl.pipeline(name="counting")
    def pipeline(dataset: str, seed: int = 7) -> None:
        """Counts.

        Args:
            dataset: A location.
            seed: A number.
        """
        count(dataset=dataset, seed=seed)

    compiler.Compiler().compile(pipeline, str(path))
    return path
