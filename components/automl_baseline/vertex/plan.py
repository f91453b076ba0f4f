"""One training as it is carried out: what of, on what terms, and under which keys a repetition finds it."""

from dataclasses import dataclass

from ...data.dataset import Dataset
from ...models import feature_transforms
from ...models.feature_transforms import FeatureTransform
from ...vertex.fingerprint import FINGERPRINT, fingerprint
from .images import places
from .offer import Offer, checked
from .settings import VertexSettings

# What the rows or images say; the name of the file that they came from, and how many faults they have, is left out.
_CONTENT = ("task", "labels", "label_column", "columns", "time_column", "series_column", "horizon", "period", "digests")


@dataclass(frozen=True)
class Plan:
    """A training.

    Attributes:
        dataset: ours.
        settings: of the user.
        offer: budget, model type and labels, checked.
        transforms: what each column of a table has to tell; none for images.
        seed: AutoML takes none; another one makes another training.
        data_key: key of the data on the service: what they say, and where and how protected they are kept.
    """

    dataset: Dataset
    settings: VertexSettings
    offer: Offer
    transforms: list[FeatureTransform]
    seed: int
    data_key: str

    @property
    def key(self) -> str:
        """Key of the training: the data, and all that the training is told."""
        offer, is_whole_budget = self.offer, self.settings.disable_early_stopping
        told = (offer.kind, offer.budget_milli_node_hours, offer.model_type, is_whole_budget, self.seed)
        return fingerprint(self.data_key, told)

    @property
    def folder(self) -> str:
        """gs:// URI in the staging bucket, of this data alone."""
        return f"{self.settings.staging.rstrip('/')}/graduate/{self.data_key}"

    @property
    def name(self) -> str:
        """Of the resources, for people."""
        return f"graduate-{self.dataset.task.replace('_', '-')}-{self.key[:8]}"

    def labels(self, mark: str) -> dict[str, str]:
        """The user's labels, and the fingerprint of a job."""
        return {**self.offer.labels, FINGERPRINT: mark}


def make_plan(dataset: Dataset, settings: VertexSettings, seed: int) -> Plan:
    """Checks what is asked for and works out what is to be sent; nothing is sent yet.

    Raises:
        InputError: the data or the settings cannot be used.
    """
    offer = checked(dataset, settings)
    columns = [column for column in dataset.columns if column.name != dataset.label_column]
    transforms = feature_transforms.describe(dataset.table("train"), columns) if columns else []
    return Plan(dataset, settings, offer, transforms, seed, _data_key(dataset, settings))


def _data_key(dataset: Dataset, settings: VertexSettings) -> str:
    content = {name: dataset.summary.get(name) for name in _CONTENT}
    found_at = places(dataset) if dataset.task.is_image else []
    return fingerprint(content, found_at, settings.project, settings.location, settings.encryption_key)
