"""The LiteRT forms: in float32, and in whole numbers of 8 bits, which an Edge TPU needs."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from ...models.image_input import resized
from ..smaller.samples import Sample
from .files import FLOAT_FILE, INT8_FILE
from .form_proof import FormProof
from .job import Job
from .litert_answers import real_items
from .litert_convert import to_float, to_int8
from .litert_file import LiteRTFile
from .litert_graph import item_function
from .litert_metric import measure
from .litert_proof import compare
from .refused import RefusedError

# TensorFlow's guide asks for a few hundred.
CALIBRATION_IMAGES = 200
# Of the metric of a float form, which may differ by the last digits of near-equal scores.
METRIC_TOLERANCE = 1e-3


def make_float(job: Job) -> FormProof:
    """The model in float32, proven against TensorFlow.

    Raises:
        RefusedError: LiteRT cannot have it.
    """
    file = job.output / FLOAT_FILE
    file.write_bytes(to_float(item_function(job), job.model.loaded))
    comparison = compare(job, loaded := LiteRTFile(file))
    measured = measure(job, loaded) if job.has_data else None
    fault = comparison.fault
    if not fault and measured and abs(measured.loss) > METRIC_TOLERANCE:
        fault = f"{measured.metric} is {measured.after:.4f} against {measured.before:.4f}"
    kind = "items of the test split" if job.has_real_items else "made-up items"
    proof = FormProof(
        form="tflite",
        accepted=not fault,
        reason=f"not proven: {fault}." if fault else f"It answers {comparison.items} {kind} as TensorFlow does.",
        files=(file.name,),
        bytes=file.stat().st_size,
        items=comparison.items,
        real_data=job.has_real_items,
        differences=comparison.differences,
        tolerance=comparison.tolerance,
        usage=_usage(job, "float32"),
    )
    return measured.put_in(proof) if measured else proof


def make_int8(job: Job) -> FormProof:
    """The model in whole numbers of 8 bits, calibrated on training images and judged by the metric on test images.

    Raises:
        RefusedError: LiteRT cannot have it, or there is nothing to calibrate it on.
    """
    if not job.takes_images:
        raise RefusedError("whole numbers of 8 bits are for this library's models of images")
    if not job.has_data:
        raise RefusedError("it is calibrated and judged on images: give the model folder and its data set (--dataset)")
    assert job.dataset
    file, function = job.output / INT8_FILE, item_function(job)
    file.write_bytes(to_int8(function, job.model.loaded, lambda: _calibration(job), outputs_too=not job.is_detector))
    measured = measure(job, LiteRTFile(file))
    loss = f"{100 * max(measured.loss, 0.0):.2f} points of {measured.metric}, {100 * job.budget:g} are allowed"
    proof = FormProof(
        form="tflite_int8",
        accepted=measured.loss <= job.budget,
        reason=f"It loses {loss}." if measured.loss <= job.budget else f"not accepted: it loses {loss}.",
        files=(file.name,),
        bytes=file.stat().st_size,
        items=len(Sample.of(job.dataset, "test").ids),
        real_data=True,
        usage=_usage(job, "uint8") + ("" if job.is_detector else " Probabilities are uint8, in units of 1/256."),
    )
    return measured.put_in(proof)


def _calibration(job: Job) -> Iterator[list[NDArray[np.float32]]]:
    assert job.dataset
    for _, item in real_items(job, Sample.of(job.dataset, "train").evenly(CALIBRATION_IMAGES), "calibrate"):
        (picture,) = item.values()
        pixels = np.array(resized(picture, job.size))
        # A black and a white pixel: so the input's range is 0..255, and whole numbers are the pixels themselves.
        pixels[0, 0, :2] = [[0.0], [255.0]]
        yield [pixels]


def _usage(job: Job, dtype: str) -> str:
    if not job.takes_images:
        return "One item at a time, under the names of the signature."
    size, cut = job.size, " Boxes may reach beyond the picture: cut them off." if job.is_detector else ""
    return (
        f"One picture at a time: RGB, 0..255, {dtype} [1, {size}, {size}, 3], resized bilinearly without keeping the "
        f"aspect ratio; it is scaled inside.{cut}"
    )
