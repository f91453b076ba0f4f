"""`graduate inspect`: what a model on disk is, in one screen."""

from collections.abc import Iterator, Mapping
from itertools import groupby
from pathlib import Path
from typing import Any

from ..components.models.inspection.graph import Graph, TensorInfo
from ..components.models.inspection.inspect_model import Inspected
from ..components.models.inspection.inspect_model import inspect_model as look_at
from ..components.reports.formats import measured, number, size, words
from .terminal import Terminal

FIRST_LABELS = 10
DIGEST_LETTERS = 12


def inspect_model(model: Path) -> None:
    """Show a model's signatures, labels, preprocessing and lineage; the model is not loaded.

    Args:
        model: a model folder, the folder of a SavedModel, or an ONNX file.
    """
    inspected, terminal = look_at(model), Terminal()
    terminal.say(inspected.described.get("name") or model.resolve().name, "bold")
    rows = [(name, " ".join(value.split())) for name, value in _lineage(inspected) if value]
    widest = max((len(name) for name, _ in rows), default=0)
    for name, value in rows:
        terminal.say(f"  {name:{widest}}  {value}")
    for graph in inspected.graphs:
        terminal.say("")
        for line, style in _graph(graph):
            terminal.say(line, style)


def _lineage(inspected: Inspected) -> Iterator[tuple[str, str]]:
    """Name and value of what the model says of itself, as far as it does."""
    described = inspected.described
    yield "task", words(described.get("task", ""))
    yield "labels", _labels(described.get("labels", []))
    yield "input", _input(described)
    yield "trained with", described.get("framework", "")
    yield "started from", described.get("pretrained", "")
    yield (
        "data",
        _pairs({split: digest[:DIGEST_LETTERS] for split, digest in described.get("dataset_digests", {}).items()}),
    )
    yield "seed", str(described.get("seed", ""))
    yield (
        "settings",
        _pairs({name: value for name, value in described.get("parameters", {}).items() if _is_short(value)}),
    )
    intervals = described.get("metric_intervals", {})
    figures = {name: measured(value, intervals.get(name)) for name, value in described.get("metrics", {}).items()}
    yield "on the test split", _pairs(figures)
    yield "exported by", f"graduate {described['graduate']}" if "graduate" in described else ""


def _labels(labels: list[str]) -> str:
    first = ", ".join(labels[:FIRST_LABELS])
    return f"{number(len(labels))}: {first}{', ...' if len(labels) > FIRST_LABELS else ''}" if labels else ""


def _input(described: Mapping[str, Any]) -> str:
    given = described.get("input", described)
    if given.get("kind") == "series":
        return f"the last {given['context']} of its periods ({given['period']}), to the next {given['horizon']}"
    if "columns" in given:
        return f"{len(given['columns'])} columns: " + ", ".join(
            f"{each['name']} ({each['type']})" for each in given["columns"]
        )
    if "height" not in given:
        return ""
    sizes = f"images of any size, resized to {given['height']} x {given['width']} pixels"
    if "resize" not in described:
        return sizes
    low, high = described["range"]
    aspect = "" if described["keeps_aspect_ratio"] else ", aspect ratio not kept"
    return f"{sizes} ({described['resize']}{aspect}), {described['channels']}, {low:g} to {high:g}"


def _is_short(value: Any) -> bool:
    """Whether it is a number or a word: sentences and lists are for the page."""
    return isinstance(value, int | float) or (isinstance(value, str) and len(value.split()) == 1)


def _pairs(values: Mapping[str, Any]) -> str:
    return ", ".join(
        f"{words(name)} {number(value) if isinstance(value, float) else value}" for name, value in values.items()
    )


def _graph(graph: Graph) -> Iterator[tuple[str, str]]:
    """Line and style."""
    weights = f", {number(graph.weights)} weights" if graph.weights else ""
    yield f"{graph.format}  {graph.path} ({size(graph.bytes)}{weights})", "bold"
    tensors = [each for signature in graph.signatures for each in (*signature.inputs, *signature.outputs)]
    widest = max((len(each.name) for each in tensors), default=0)
    for outputs, alike in groupby(graph.signatures, key=lambda each: each.outputs):
        signatures = list(alike)
        for signature in signatures:
            yield f"  {signature.name}", "cyan"
            yield from ((f"    in   {each.name:{widest}}  {_type(each)}", "") for each in signature.inputs)
        if len(signatures) > 1:
            yield "  all of them", "cyan"
        yield from ((f"    out  {each.name:{widest}}  {_type(each)}", "") for each in outputs)


def _type(tensor: TensorInfo) -> str:
    return f"{tensor.dtype} {'of any rank' if tensor.shape is None else tensor.shape}"
