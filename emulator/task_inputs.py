"""Inputs of training tasks whose types in google-cloud-aiplatform's v1 are missing or older than the service.

Fields: AutoMlForecastingInputs, AutoMlImageClassificationInputs and AutoMlImageObjectDetectionInputs in
https://aiplatform.googleapis.com/$discovery/rest. The numbers of fields are the emulator's own: only JSON is exchanged.
"""

from collections.abc import Sequence
from typing import Any

import proto
from google.cloud.aiplatform.v1beta1.schema.trainingjob.definition_v1beta1.types import automl_time_series_forecasting
from google.cloud.aiplatform.v1beta1.schema.trainingjob.definition_v1beta1.types import (
    export_evaluated_data_items_config as export_config,
)
from google.protobuf.struct_pb2 import Struct

_Forecasting = automl_time_series_forecasting.AutoMlForecastingInputs


def _field(kind: Any, number: int) -> Any:
    return proto.Field(kind, number=number)


def _repeated(kind: Any, number: int) -> Any:
    return proto.RepeatedField(kind, number=number)


class WindowConfig(proto.Message):
    """Which windows of the series are trained on; one of its fields."""

    column: str = _field(proto.STRING, 1)
    stride_length: int = _field(proto.INT64, 2)
    max_count: int = _field(proto.INT64, 3)


class ForecastingInputs(proto.Message):
    """Inputs of automl_time_series_forecasting_1.0.0.yaml."""

    target_column: str = _field(proto.STRING, 1)
    time_series_identifier_column: str = _field(proto.STRING, 2)
    time_column: str = _field(proto.STRING, 3)
    transformations: Sequence[_Forecasting.Transformation] = _repeated(_Forecasting.Transformation, 4)
    optimization_objective: str = _field(proto.STRING, 5)
    train_budget_milli_node_hours: int = _field(proto.INT64, 6)
    weight_column: str = _field(proto.STRING, 7)
    time_series_attribute_columns: Sequence[str] = _repeated(proto.STRING, 8)
    unavailable_at_forecast_columns: Sequence[str] = _repeated(proto.STRING, 9)
    available_at_forecast_columns: Sequence[str] = _repeated(proto.STRING, 10)
    data_granularity: _Forecasting.Granularity = _field(_Forecasting.Granularity, 11)
    forecast_horizon: int = _field(proto.INT64, 12)
    context_window: int = _field(proto.INT64, 13)
    export_evaluated_data_items_config: Any = _field(export_config.ExportEvaluatedDataItemsConfig, 14)
    quantiles: Sequence[float] = _repeated(proto.DOUBLE, 15)
    validation_options: str = _field(proto.STRING, 16)
    additional_experiments: Sequence[str] = _repeated(proto.STRING, 17)
    window_config: WindowConfig = _field(WindowConfig, 18)
    hierarchy_config: Struct = _field(Struct, 19)
    holiday_regions: Sequence[str] = _repeated(proto.STRING, 20)
    enable_probabilistic_inference: bool = _field(proto.BOOL, 21)


class ImageClassificationInputs(proto.Message):
    """Inputs of automl_image_classification_1.0.0.yaml."""

    model_type: str = _field(proto.STRING, 1)
    base_model_id: str = _field(proto.STRING, 2)
    budget_milli_node_hours: int = _field(proto.INT64, 3)
    disable_early_stopping: bool = _field(proto.BOOL, 4)
    multi_label: bool = _field(proto.BOOL, 5)
    uptrain_base_model_id: str = _field(proto.STRING, 6)


class ObjectDetectionInputs(proto.Message):
    """Inputs of automl_image_object_detection_1.0.0.yaml."""

    model_type: str = _field(proto.STRING, 1)
    budget_milli_node_hours: int = _field(proto.INT64, 2)
    disable_early_stopping: bool = _field(proto.BOOL, 3)
    uptrain_base_model_id: str = _field(proto.STRING, 4)
