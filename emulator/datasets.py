"""Managed datasets (https://cloud.google.com/vertex-ai/docs/reference/rest/v1/projects.locations.datasets)."""

from typing import Any

from google.cloud.aiplatform import schema
from google.cloud.aiplatform_v1 import types
from google.longrunning.operations_pb2 import Operation
from google.protobuf.json_format import MessageToDict
from google.rpc.status_pb2 import Status

from . import bucket
from .checks import Checks, location_of, parse
from .errors import invalid, not_built, not_now
from .import_files import IMAGE_SCHEMAS, ImageItem, read_items
from .kinds import Kind, Shared
from .resources import now

_METADATA = schema.dataset.metadata
_TABLES = (_METADATA.tabular, _METADATA.time_series)
_SCHEMAS = (*_TABLES, _METADATA.image, _METADATA.text, _METADATA.video)


class Datasets(Kind):
    """Tables, which name their files, and images, which are imported."""

    collection = "datasets"
    message = types.Dataset

    def __init__(self, shared: Shared) -> None:
        super().__init__(shared)
        self._items: dict[str, dict[tuple[str, str], ImageItem]] = {}

    @property
    def verbs(self) -> dict[str, Any]:
        return {"import": self.import_data}

    def create(self, parent: str, body: bytes, resource_id: str) -> Operation:
        dataset = parse(types.Dataset, body)
        with Checks("dataset") as checks:
            checks.display_name(dataset.display_name)
            checks.one_of("metadata_schema_uri", dataset.metadata_schema_uri, _SCHEMAS)
            _check_metadata(checks, dataset)
            checks.labels(dataset.labels)
            checks.encryption(dataset.encryption_spec.kms_key_name, location_of(parent))
        dataset.name = self.shared.resources.new_name(parent, self.collection)
        return self.shared.operations.start(
            dataset.name, types.CreateDatasetOperationMetadata(), lambda: self._created(dataset)
        )

    def _created(self, dataset: types.Dataset) -> types.Dataset:
        dataset.create_time = dataset.update_time = now()
        dataset.etag = f"etag-{dataset.name.rpartition('/')[2]}"
        self._items[dataset.name] = {}
        self.shared.resources.add(dataset)
        return dataset

    def import_data(self, name: str, body: bytes) -> Operation:
        """Reads import files into an image dataset; lines that cannot be read are the operation's partial failures.

        Raises:
            ApiError: the request is one that the service would not take.
        """
        dataset, request = self.get(name), parse(types.ImportDataRequest, body)
        if dataset.metadata_schema_uri in _TABLES:
            raise not_now("Importing data is not supported for tabular and time series datasets.")
        with Checks("import_configs") as checks:
            checks.required("import_configs", request.import_configs)
            for config in request.import_configs:
                checks.required("gcs_source.uris", config.gcs_source.uris)
                for uri in config.gcs_source.uris:
                    checks.in_bucket("gcs_source.uris", uri)
                checks.one_of("import_schema_uri", config.import_schema_uri, IMAGE_SCHEMAS)
        metadata = types.ImportDataOperationMetadata()
        return self.shared.operations.start(name, metadata, lambda: self._imported(dataset, request, metadata))

    def _imported(self, dataset: types.Dataset, request: Any, metadata: Any) -> types.ImportDataResponse:
        images: dict[tuple[str, str], ImageItem] = {}
        for config in request.import_configs:
            items, errors = read_items(list(config.gcs_source.uris), config.import_schema_uri)
            if errors and not items:
                raise invalid(f"Failed to import data: {errors[0]}")
            failures = [Status(code=3, message=error) for error in errors[:20]]
            metadata.generic_metadata.partial_failures.extend(failures)
            for item in items:
                key = item.uri, item.annotation_schema
                images[key] = _merged(images.get(key), item)
        kept = self._items[dataset.name]
        kept.update(images)
        dataset.data_item_count = len({uri for uri, _ in kept})
        dataset.update_time = now()
        return types.ImportDataResponse()

    def rows(self, name: str) -> list[dict[str, str]]:
        """The rows of a table.

        Raises:
            ApiError: there is no such dataset, or its files cannot be read.
        """
        source = MessageToDict(types.Dataset.pb(self.get(name)).metadata)["inputConfig"]
        if "bigquerySource" in source:
            raise not_built("The emulator reads tables from Cloud Storage only.")
        return bucket.rows(source["gcsSource"]["uri"])

    def images(self, name: str, annotation_schema: str) -> list[ImageItem]:
        """The images of a dataset that have annotations of a schema.

        Raises:
            ApiError: there is no such dataset.
        """
        self.get(name)
        return [item for item in self._items[name].values() if item.annotation_schema == annotation_schema]


def _merged(before: ImageItem | None, item: ImageItem) -> ImageItem:
    """An image that several lines name, as those of a CSV file with boxes do, has the annotations of all."""
    if before is None or before.boxes is None or item.boxes is None:
        return item
    labels, boxes = before.labels + item.labels, before.boxes + item.boxes
    return ImageItem(item.uri, labels, boxes, item.use, item.annotation_schema)


def _check_metadata(checks: Checks, dataset: types.Dataset) -> None:
    """`metadata` of tables names their files (schema/dataset/metadata/tabular_1.0.0.yaml); others have none."""
    metadata = MessageToDict(types.Dataset.pb(dataset).metadata) or {}
    if dataset.metadata_schema_uri not in _TABLES:
        checks.that(not metadata, "metadata", "Must be empty for this metadata_schema_uri.")
        return
    match metadata:
        case {"inputConfig": source, **others} if not others:
            _check_source(checks, source)
        case _:
            checks.that(False, "metadata", "Must have input_config, and nothing else.")


def _check_source(checks: Checks, source: Any) -> None:
    match source:
        case {"gcsSource": {"uri": [_, *_] as uris}, **others} if not others:
            for uri in uris:
                checks.in_bucket("metadata.input_config.gcs_source.uri", uri)
        case {"bigquerySource": {"uri": str() as uri}, **others} if not others:
            checks.that(uri.startswith("bq://"), "metadata.input_config.bigquery_source.uri", "Must begin with bq://.")
        case _:
            checks.that(False, "metadata.input_config", "Must have gcs_source or bigquery_source with a uri.")
