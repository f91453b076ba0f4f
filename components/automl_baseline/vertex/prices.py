"""What AutoML's training may cost: the budgets that the service takes, and the price of a node hour."""

from dataclasses import dataclass
from typing import Literal

Kind = Literal["tabular", "forecasting", "image classification", "object detection", "edge images"]

PRICE_PAGE = "https://cloud.google.com/vertex-ai/pricing"


@dataclass(frozen=True)
class Rate:
    """Limits and price of one kind of training.

    Attributes:
        least: smallest budget, in thousandths of a node hour.
        most: largest budget, in thousandths of a node hour.
        usd_per_node_hour: list price.
    """

    least: int
    most: int
    usd_per_node_hour: float

    def price(self, milli_node_hours: int) -> float:
        """List price in USD."""
        return milli_node_hours / 1000 * self.usd_per_node_hour


# Budgets: google.cloud.aiplatform.v1.schema.trainingjob.definition, AutoMl*Inputs. Prices: PRICE_PAGE on 2026-10-07,
# the same in all regions.
RATES: dict[Kind, Rate] = {
    "tabular": Rate(1_000, 72_000, 21.252),
    "forecasting": Rate(1_000, 72_000, 21.252),
    "image classification": Rate(8_000, 800_000, 3.465),
    "object detection": Rate(20_000, 900_000, 3.465),
    "edge images": Rate(1_000, 100_000, 18.0),
}
