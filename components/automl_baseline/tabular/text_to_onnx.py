"""Converters of `text_features` to ONNX; importing this module registers them.

Counting is a Loop over the rows, so that one long text does not pad all others to its length: Tokenizer (an operator of
every onnxruntime, https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md#com.microsoft.Tokenizer)
finds the tokens, LabelEncoder the places of their words by the table of spellings, and TfIdfVectorizer counts places
and pairs of places.
"""

from typing import Any

import numpy as np
from onnx import GraphProto, TensorProto, helper
from skl2onnx import update_registered_converter
from skl2onnx.algebra import onnx_ops
from skl2onnx.common.data_types import FloatTensorType

from ...models.text_tokens import TOKEN, spellings
from .text_features import TermCounts, TfidfWeights

_NO_WORD = -1
_ML, _CONTRIB = "ai.onnx.ml", "com.microsoft"


def _counts_shape(operator: Any) -> None:
    operator.outputs[0].type = FloatTensorType([None, len(operator.raw_operator.vocabulary)])


def _weights_shape(operator: Any) -> None:
    operator.outputs[0].type = FloatTensorType([None, len(operator.raw_operator.idf)])


def _convert_counts(scope: Any, operator: Any, container: Any) -> None:
    texts, count, shape, yes = (scope.get_unique_variable_name(name) for name in ("texts", "count", "shape", "yes"))
    container.add_initializer(shape, TensorProto.INT64, [2], [-1, 1])
    container.add_initializer(yes, TensorProto.BOOL, [], [True])
    # A tensor of its own, since inputs of the whole graph are renamed, and the loop's graph is not looked into for it.
    container.add_node("Reshape", [operator.inputs[0].full_name, shape], texts, op_version=14)
    container.add_node("Shape", texts, count, op_version=15, start=0, end=1)
    body = _count_row(operator.raw_operator, texts)
    container.add_node("Loop", [count, yes], operator.outputs[0].full_name, op_version=16, body=body)
    container.node_domain_version_pair_sets |= {(_CONTRIB, 1), (_ML, 3)}


def _count_row(counts: TermCounts, texts: str) -> GraphProto:
    """The body of the loop: the counts [V] of one row of `texts` [N, 1]; its names are in no other graph."""
    row, go_on, text, found, places, counted, axis, result, still_go_on = (
        f"{texts}/{name}"
        for name in ("row", "go_on", "text", "tokens", "places", "counted", "axis", "counts", "still_go_on")
    )
    split = {"mark": 0, "pad_value": "", "mincharnum": 1, "tokenexp": TOKEN}
    table = spellings(counts.words)
    look_up = {"keys_strings": list(table), "values_int64s": list(table.values()), "default_int64": _NO_WORD}
    nodes = [
        helper.make_node("Gather", [texts, row], [text], axis=0),
        helper.make_node("Tokenizer", [text], [found], domain=_CONTRIB, **split),
        helper.make_node("LabelEncoder", [found], [places], domain=_ML, **look_up),
        helper.make_node("TfIdfVectorizer", [places], [counted], **_pool(counts)),
        helper.make_node("Squeeze", [counted, axis], [result]),
        helper.make_node("Identity", [go_on], [still_go_on]),
    ]
    value = helper.make_tensor_value_info
    return helper.make_graph(
        nodes,
        "count_terms_of_a_row",
        [value(row, TensorProto.INT64, []), value(go_on, TensorProto.BOOL, [])],
        [value(still_go_on, TensorProto.BOOL, []), value(result, TensorProto.FLOAT, [len(counts.vocabulary)])],
        [helper.make_tensor(axis, TensorProto.INT64, [1], [0])],
        # onnx's inference of shapes crashes on a LabelEncoder whose input has no type, and knows no Tokenizer.
        value_info=[value(found, TensorProto.STRING, [1, None])],
    )


def _pool(counts: TermCounts) -> dict[str, Any]:
    """Attributes of TfIdfVectorizer; its pool has single places before pairs, as `TermCounts.terms` has."""
    singles = sum(len(term) == 1 for term in counts.terms)
    has_pairs = singles < len(counts.terms)
    return {
        "mode": "TF",
        "min_gram_length": 1,
        "max_gram_length": 2 if has_pairs else 1,
        "max_skip_count": 0,
        "ngram_counts": [0, singles] if has_pairs else [0],
        "ngram_indexes": list(counts.terms.values()),
        "pool_int64s": [place for term in counts.terms for place in term],
    }


def _convert_weights(scope: Any, operator: Any, container: Any) -> None:
    ops: Any = onnx_ops  # its classes are made at run time
    counts, opset = operator.inputs[0], {"op_version": container.target_opset}
    one = np.array([1], dtype=np.float32)
    # 1 + ln count where there is a count, else 0.
    sublinear = ops.OnnxAdd(
        ops.OnnxMin(counts, one, **opset), ops.OnnxLog(ops.OnnxMax(counts, one, **opset), **opset), **opset
    )
    weights = ops.OnnxMul(sublinear, np.array(operator.raw_operator.idf, dtype=np.float32), **opset)
    length = ops.OnnxReduceL2_18(weights, np.array([1], dtype=np.int64), keepdims=1, **opset)
    nonzero = ops.OnnxMax(length, np.array([np.finfo(np.float32).tiny], dtype=np.float32), **opset)
    ops.OnnxDiv(weights, nonzero, output_names=operator.outputs[:1], **opset).add_to(scope, container)


update_registered_converter(TermCounts, "GraduateTermCounts", _counts_shape, _convert_counts)
update_registered_converter(TfidfWeights, "GraduateTfidfWeights", _weights_shape, _convert_weights)
