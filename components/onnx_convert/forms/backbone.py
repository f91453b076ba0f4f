"""The backbone alone, as ONNX: from pixels to feature maps, for another head or another use."""

import json
import tempfile
from pathlib import Path

import tensorflow as tf

from ..export.metadata import describe
from ..export.to_onnx import convert_saved_model
from ..proof.batches import made_up, of_images
from ..proof.prove import prove
from ..saved_model import SERVING, SavedModel
from .files import BACKBONE_FILE
from .form_proof import FormProof
from .job import Job


def make_backbone(job: Job) -> FormProof:
    """The backbone with the model's own preprocessing, proven like the model itself.

    Raises:
        RefusedError: the model stands on no known backbone.
        ConversionError: tf2onnx gave no valid file.
    """
    function = job.function("feature_maps")
    file = job.output / BACKBONE_FILE
    with tempfile.TemporaryDirectory() as scratch:
        alone = Path(scratch) / "saved_model"
        tf.saved_model.save(job.model.loaded, str(alone), signatures={SERVING: function})
        model = SavedModel(alone)
        frozen = convert_saved_model(alone, file)
        batches = of_images(job.dataset, model.signature) if job.dataset else made_up(model.signature)
        maps = [f"{each.name} with {each.shape[-1]} channels" for each in model.signature.outputs if each.shape]
        describe(file, {"outputs": json.dumps(maps)})
        proof = prove(model, file, batches, frozen)
        frozen.unlink()
    fault = f"not proven: {proof.reason}." if proof.reason else ""
    return FormProof(
        form="backbone",
        accepted=proof.proven,
        reason=fault or f"It answers {proof.items} pictures as TensorFlow does.",
        files=(BACKBONE_FILE,),
        bytes=file.stat().st_size,
        items=proof.items,
        real_data=job.dataset is not None,
        differences={each.name: each.max_abs_difference for each in proof.outputs if not each.inner},
        tolerance=min((each.tolerance for each in proof.outputs), default=None),
        usage=(
            f"Pictures: RGB, uint8 [N, H, W, 3], of any size, resized and scaled inside; out come {', '.join(maps)}, "
            "float32 [N, h, w, channels], fine to coarse."
        ),
    )
