"""A pipeline that starts in no time: branches on a string, one component in two branches, an exit handler.

What the tasks do depends on files beside `source`: SOURCE.wait makes training wait for it to go away, SOURCE.bad and
SOURCE.broken make it refuse its input or fail. Each attempt at training appends its process id to SOURCE.attempts.
"""

from kfp import dsl

IMAGE = "graduate/toy:unbuilt"


@dsl.component(base_image=IMAGE, install_kfp_package=False)
def read_data(source: str, dataset: dsl.Output[dsl.Dataset]) -> None:
    """Reads.

    Args:
        source: a file.
        dataset: what was read.
    """
    from pathlib import Path

    Path(dataset.path).mkdir(parents=True)
    (Path(dataset.path) / "rows.txt").write_text(Path(source).read_text())
    print("read 3 rows", flush=True)


@dsl.component(base_image=IMAGE, install_kfp_package=False)
def choose(dataset: dsl.Input[dsl.Dataset], decision: str, verdict: dsl.Output[dsl.Artifact]) -> str:
    """Chooses.

    Args:
        dataset: the data.
        decision: what to choose.
        verdict: the choice.
    """
    import json
    from pathlib import Path

    Path(verdict.path).mkdir(parents=True)
    found = {"decision": decision, "reason": "The toy was told so.", "findings": []}
    (Path(verdict.path) / "verdict.json").write_text(json.dumps(found))
    return decision


@dsl.component(base_image=IMAGE, install_kfp_package=False)
def train(source: str, dataset: dsl.Input[dsl.Dataset], model: dsl.Output[dsl.Model]) -> None:
    """Trains.

    Args:
        source: a file, see the module.
        dataset: the data.
        model: what was learnt.
    """
    import os
    import time
    from pathlib import Path

    from graduate.components.errors import InputError, final_errors_as_sentences

    with open(f"{source}.attempts", "a") as attempts:
        attempts.write(f"{os.getpid()}\n")
    while os.path.exists(f"{source}.wait"):
        time.sleep(0.05)
    with final_errors_as_sentences():
        if os.path.exists(f"{source}.bad"):
            raise InputError("row 3 has no label")
    if os.path.exists(f"{source}.broken"):
        raise RuntimeError("the disk is full")
    Path(model.path).mkdir(parents=True)
    (Path(model.path) / "weights.txt").write_text("0.5")


@dsl.component(base_image=IMAGE, install_kfp_package=False)
def convert(dataset: dsl.Input[dsl.Dataset], page: dsl.Output[dsl.HTML]) -> None:
    """Converts.

    Args:
        dataset: the data.
        page: what a person can read.
    """
    from pathlib import Path

    Path(page.path).write_text("<p>converted</p>")


@dsl.component(base_image=IMAGE, install_kfp_package=False)
def report_status(status: dsl.PipelineTaskFinalStatus) -> None:
    """Reports.

    Args:
        status: of the pipeline.
    """
    print(f"the pipeline {status.state.lower()}", flush=True)


@dsl.pipeline(name="toy")
def toy(source: str, decision: str = "graduate", steps: int = 3, rate: float = 0.5, weights: str = "") -> None:
    """Reads, chooses, and goes one of three ways.

    Args:
        source: A location of the data.
        decision: Which way to go. One of: fix_data, graduate, deploy_baseline.
        steps: How many.
        rate: How fast.
        weights: A location, or imagenet; empty for none.
    """
    status = report_status().set_display_name("Report the status").set_caching_options(False)
    with dsl.ExitHandler(status, name="everything"):
        data = read_data(source=source).set_display_name("Read the data")
        gate = choose(dataset=data.outputs["dataset"], decision=decision).set_display_name("Choose the way")
        with dsl.If(gate.outputs["Output"] == "graduate", name="graduate"):
            model = train(source=source, dataset=data.outputs["dataset"]).set_display_name("Train a model")
            model.set_retry(num_retries=2, backoff_duration="0s")
            convert(dataset=data.outputs["dataset"]).set_display_name("Convert the model").after(model)
        with dsl.Elif(gate.outputs["Output"] == "deploy_baseline", name="deploy the baseline"):
            convert(dataset=data.outputs["dataset"]).set_display_name("Convert the baseline")
