"""The process that tf2onnx works in: its own command, with the translations and repairs of this package.

A process of its own, since tf2onnx changes TensorFlow's global state, and memory comes back only when it ends.
"""

from tf2onnx import convert
from tf2onnx.handler import tf_op

from ..choices import OPSETS
from . import handlers, integer_handlers, resize_handlers
from .repairs import inline_all_functions


def register_handlers() -> None:
    """Makes tf2onnx use the translations of this package before its own ones."""
    translations = handlers.TRANSLATIONS | integer_handlers.TRANSLATIONS | resize_handlers.TRANSLATIONS
    for op, translate in translations.items():
        tf_op.register_handler(translate, min(OPSETS), [op], "", {})


if __name__ == "__main__":
    register_handlers()
    inline_all_functions()
    convert.main()
