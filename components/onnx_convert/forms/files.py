"""Names of the files of other forms."""

FLOAT_FILE, INT8_FILE = "model.tflite", "model_int8.tflite"
BACKBONE_FILE = "backbone.onnx"
WEIGHTS_FILE, MAP_FILE = "weights.safetensors", "name_map.json"
FILES = (FLOAT_FILE, INT8_FILE, BACKBONE_FILE, WEIGHTS_FILE, MAP_FILE)
