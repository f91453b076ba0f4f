"""The door of import_dataset."""

from kfp import dsl

from ..images import image


@dsl.component(base_image=image("automl"), install_kfp_package=False)
def import_dataset(
    source: str,
    task: str,
    dataset: dsl.Output[dsl.Dataset],
    page: dsl.Output[dsl.HTML],
    metrics: dsl.Output[dsl.Metrics],
    label_column: str = "",
    group_column: str = "",
    time_column: str = "",
    series_column: str = "",
    horizon: int = 0,
) -> None:
    """Reads labelled images or a table of any known format, marks what is wrong with each item, and fixes the splits.

    Args:
        source: Path or gs:// URI of an import file, a Pascal VOC or COCO folder, a folder of classes, or a table.
        task: object_detection, image_classification, text_classification, tabular_classification, tabular_regression
            or tabular_forecasting.
        dataset: Dataset folder: items by split, rejects.jsonl and dataset.json.
        page: Counts, splits, labels, faults, rejects and sample images, for people.
        metrics: Counts of items by split, labels, rejects, and faults by rule.
        label_column: Of a table, the column to predict.
        group_column: Of a table, a column whose equal values shall not fall in two splits.
        time_column: Of a forecast, the column of dates.
        series_column: Of a forecast, the column that names the series; empty where there is one.
        horizon: Of a forecast, how many periods ahead.
    """
    from graduate.components.errors import final_errors_as_sentences
    from graduate.components.import_dataset.describe import describe_dataset
    from graduate.components.import_dataset.read import counts, read_dataset
    from graduate.components.reports.metrics import log_metrics

    with final_errors_as_sentences():
        summary = read_dataset(
            source=source,
            task=task,
            output=dataset.path,
            label_column=label_column,
            group_column=group_column,
            time_column=time_column,
            series_column=series_column,
            horizon=horizon,
        )
        describe_dataset(dataset=dataset.path, page=page.path)
    log_metrics(metrics, counts(summary))
