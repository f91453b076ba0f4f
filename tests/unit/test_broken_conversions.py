"""Every broken conversion is refused, and the node that was tampered with is named; unbroken ones are proven."""

from collections.abc import Callable
from functools import cache
from pathlib import Path

import convertible_models
import onnx
import pytest
from broken_conversions import BREAKS, blue_first

from graduate.components.onnx_convert.export.to_onnx import convert_saved_model
from graduate.components.onnx_convert.proof.batches import made_up
from graduate.components.onnx_convert.proof.graph import OnnxGraph
from graduate.components.onnx_convert.proof.prove import TensorProof, prove
from graduate.components.onnx_convert.saved_model import SavedModel

Prove = Callable[[str, onnx.ModelProto], TensorProof]


@pytest.fixture(scope="module")
def converted(tmp_path_factory) -> Callable[[str], Path]:
    """Folder of a model with its SavedModel, frozen graph and right ONNX file, by name."""

    @cache
    def convert(name: str) -> Path:
        folder = tmp_path_factory.mktemp(name)
        getattr(convertible_models, name)(folder / "saved_model")
        convert_saved_model(folder / "saved_model", folder / "model.onnx")
        return folder

    return convert


@pytest.fixture(scope="module")
def proof_of(converted) -> Prove:
    """Proves a changed graph against the SavedModel."""
    load = cache(SavedModel)

    def run(name: str, model: onnx.ModelProto) -> TensorProof:
        folder = converted(name)
        onnx.save(model, folder / "changed.onnx")
        source = load(folder / "saved_model")
        words = OnnxGraph(folder / "model.onnx").words()
        return prove(source, folder / "changed.onnx", made_up(source.signature, words), folder / "model.pb")

    return run


@pytest.mark.parametrize("name", BREAKS)
def test_the_unbroken_conversion_is_proven(name, converted, proof_of):
    proof = proof_of(name, onnx.load(converted(name) / "model.onnx"))
    assert proof.proven, proof.reason
    assert not proof.weaknesses
    assert proof.departure is None


def cases() -> list:
    """All broken conversions; what a detector shares with the quicker classifier takes its time elsewhere."""
    slow = set(BREAKS["classifier"]) - {blue_first}
    return [
        pytest.param(name, change, marks=[pytest.mark.slow] if name == "detector" and change in slow else [])
        for name, changes in BREAKS.items()
        for change in changes
    ]


@pytest.mark.parametrize(("name", "change"), cases())
def test_a_broken_conversion_is_refused_and_the_node_named(name, change, converted, proof_of):
    model = onnx.load(converted(name) / "model.onnx")
    to_blame = change(model)
    proof = proof_of(name, model)
    assert not proof.proven
    if to_blame:
        assert proof.departure
        assert {proof.departure.node, *proof.departure.within} & set(to_blame), proof.reason


def test_resizing_by_area_is_refused_by_name(converted, proof_of):
    """tf2onnx translates it without a word, and onnx.checker accepts what it makes."""
    proof = proof_of("resized", onnx.load(converted("resized") / "model.onnx"))
    assert not proof.proven
    assert proof.departure
    assert proof.departure.tensorflow_op == "ResizeArea"
