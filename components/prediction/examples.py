"""Serialized tf.train.Example, read and written without TensorFlow.

https://github.com/tensorflow/tensorflow/blob/master/tensorflow/core/example/example.proto and feature.proto
"""

import io
from collections.abc import Mapping
from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, json_format, message, message_factory
from PIL import Image

from ..data.images import FORMATS
from ..data.items import ColumnType
from ..errors import InputError
from ..models.folder import ColumnsInput

# Where the TF Object Detection API has the image file.
ENCODED_IMAGE = "image/encoded"
# Names the example in results; ours, as there is no custom.
KEY = "key"


def encoded_image(example: bytes) -> bytes:
    """The image file in a serialized tf.train.Example: its feature `image/encoded`, or the only one that is an image.

    Raises:
        InputError: there is none, there are several, or it is no Example.
    """
    features = _features(example)
    if ENCODED_IMAGE in features:
        image = _single(features[ENCODED_IMAGE], ENCODED_IMAGE)
        if isinstance(image, bytes):
            return image
    files = {name: feature.bytes_list.value for name, feature in sorted(features.items())}
    images = {name: values[0] for name, values in files.items() if len(values) == 1 and _is_image(values[0])}
    if len(images) != 1:
        raise InputError(
            f"the tf.train.Example has {f'images in {_names(images)}' if images else f'no image in {_names(features)}'}"
            f": name the feature {ENCODED_IMAGE!r}"
        )
    return next(iter(images.values()))


def row(example: bytes, described: ColumnsInput) -> dict[str, Any]:
    """The row in a serialized tf.train.Example, its features by the names of the model's columns.

    A feature without values is missing; of a boolean column, integers 0 and 1 are taken.

    Returns:
        What `rows.typed_rows` takes; a column without feature is left out.

    Raises:
        InputError: a feature has several values or text that is not UTF-8, or it is no Example.
    """
    features = _features(example)
    columns = [column for column in described["columns"] if column["name"] in features]
    return {column["name"]: _value(features[column["name"]], column["name"], column["type"]) for column in columns}


def key_of(example: bytes) -> str:
    """The text of the feature `key`, or "" where there is none or it is no Example."""
    try:
        features = _features(example)
        return str(_value(features[KEY], KEY, ColumnType.TEXT) or "") if KEY in features else ""
    except InputError:
        return ""


def serialized(features: Mapping[str, bytes | str | int | float]) -> bytes:
    """A tf.train.Example with one value for each feature; the same bytes for the same features."""
    example = _EXAMPLE()
    for name, value in features.items():
        feature = example.features.feature[name]
        if isinstance(value, int):
            feature.int64_list.value.append(value)
        elif isinstance(value, float):
            feature.float_list.value.append(value)
        else:
            feature.bytes_list.value.append(value.encode() if isinstance(value, str) else value)
    return example.SerializeToString(deterministic=True)


def _features(example: bytes) -> Mapping[str, Any]:
    try:
        return _EXAMPLE.FromString(example).features.feature
    except message.DecodeError:
        raise InputError("it is no tf.train.Example") from None


def _value(feature: Any, name: str, type_: str) -> Any:
    value = _single(feature, name)
    if isinstance(value, bytes):
        try:
            return value.decode()
        except UnicodeDecodeError:
            raise InputError(f"feature {name!r} is not UTF-8") from None
    return bool(value) if type_ == ColumnType.BOOLEAN and value in (0, 1) else value


def _single(feature: Any, name: str) -> bytes | float | None:
    kind = feature.WhichOneof("kind")
    values = getattr(feature, kind).value if kind else ()
    if len(values) > 1:
        raise InputError(f"feature {name!r} has {len(values)} values, one is read")
    return values[0] if values else None


def _is_image(data: bytes) -> bool:
    try:
        with Image.open(io.BytesIO(data), formats=FORMATS):
            return True
    except Exception:  # Pillow raises whatever the bytes lead it to.
        return False


def _names(features: Mapping[str, Any]) -> str:
    return ", ".join(map(repr, sorted(features))) or "any feature, as there is none"


def _field(name: str, number: int, type_: str, **more: Any) -> dict[str, Any]:
    return {"name": name, "number": number, "type": f"TYPE_{type_.upper()}", "label": "LABEL_OPTIONAL", **more}


def _part(name: str, number: int, type_: str, **more: Any) -> dict[str, Any]:
    return _field(name, number, "message", typeName=f".tensorflow.{type_}", **more)


def _example_class() -> Any:
    kinds = {"Bytes": "bytes", "Float": "float", "Int64": "int64"}
    many = {"label": "LABEL_REPEATED"}
    lists = [{"name": f"{kind}List", "field": [_field("value", 1, type_, **many)]} for kind, type_ in kinds.items()]
    choices = [
        _part(f"{kind.lower()}_list", number, f"{kind}List", oneofIndex=0) for number, kind in enumerate(kinds, 1)
    ]
    entry = {
        "name": "FeatureEntry",
        "options": {"mapEntry": True},
        "field": [_field("key", 1, "string"), _part("value", 2, "Feature")],
    }
    features = {"nestedType": [entry], "field": [_part("feature", 1, "Features.FeatureEntry", **many)]}
    messages = [
        *lists,
        {"name": "Feature", "oneofDecl": [{"name": "kind"}], "field": choices},
        {"name": "Features", **features},
        {"name": "Example", "field": [_part("features", 1, "Features")]},
    ]
    file = {"name": "example.proto", "package": "tensorflow", "syntax": "proto3", "messageType": messages}
    pool = descriptor_pool.DescriptorPool()  # of its own: TensorFlow's has these names
    pool.Add(json_format.ParseDict(file, descriptor_pb2.FileDescriptorProto()))
    return message_factory.GetMessageClass(pool.FindMessageTypeByName("tensorflow.Example"))


_EXAMPLE = _example_class()
