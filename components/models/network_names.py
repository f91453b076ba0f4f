"""The networks for images that the lever `architecture` names, apart from what builds them, which needs TensorFlow."""

SSDLITE = "ssdlite_mobilenet_v2"
# Detectors with a feature pyramid, and their backbones by the name in `architectures.ARCHITECTURES`.
PYRAMIDS = {
    "fpnlite_compact": "compact",
    "fpnlite_mobilenet_v2": "MobileNetV2",
    "fpnlite_mobilenet": "MobileNet",
    "fpnlite_efficientnet_v2_b0": "EfficientNetV2B0",
    "fpnlite_resnet50_v2": "ResNet50V2",
}
DETECTORS = (SSDLITE, *PYRAMIDS)
# Classifiers, and their backbones.
CLASSIFIERS = {
    "compact": "compact",
    "mobilenet_v2": "MobileNetV2",
    "mobilenet": "MobileNet",
    "efficientnet_v2_b0": "EfficientNetV2B0",
    "resnet50_v2": "ResNet50V2",
}
