"""What a conversion can be asked for; without imports, so that the pipeline's compiler knows it too."""

from typing import Literal

# tf2onnx is tested with these (its README); from 17 on there is LayerNormalization, from 18 on an antialiased Resize.
OPSETS = (17, 18)
OPSET = 18

Precision = Literal["fp32", "fp16", "int8"]
Form = Literal["tflite", "tflite_int8", "edge_tpu", "backbone", "safetensors"]
# Points of a metric between 0 and 1 that a smaller file may lose: one of a hundred.
BUDGET = 0.01
