"""A pipeline of one task, small enough to compile for each test."""

from pathlib import Path

from google.cloud.aiplatform_v1 import types
from google.protobuf.json_format import MessageToDict
from kfp import compiler, dsl

BUILT = f"graduate/predict@sha256:{'0' * 64}"


def compile_pipeline(image: str, path: Path) -> Path:
    """A pipeline of one task with `image`, named counting: its parameters are two locations and a number."""

    @dsl.component(base_image=image, install_kfp_package=False)
    def count(dataset: str, seed: int) -> int:
        return seed

    @dsl.pipeline(name="counting")
    def pipeline(dataset: str, seed: int = 7, weights: str = "") -> None:
        """Counts.

        Args:
            dataset: A location.
            seed: A number.
            weights: A location, or imagenet; empty for none.
        """
        count(dataset=dataset, seed=seed)

    compiler.Compiler().compile(pipeline, str(path))
    return path


def caches(job: types.PipelineJob) -> bool:
    """Whether a job of `compile_pipeline` may reuse what its task made before."""
    spec = MessageToDict(types.PipelineJob.pb(job).pipeline_spec)
    return spec["root"]["dag"]["tasks"]["count"]["cachingOptions"].get("enableCache", False)
