"""The door of tuning."""

from kfp import dsl

from ...images import image


@dsl.component(base_image=image("tensorflow"), install_kfp_package=False)
def tune(
    dataset: dsl.Input[dsl.Dataset],
    baseline: dsl.Input[dsl.Model],
    tuned: dsl.Output[dsl.Artifact],
    page: dsl.Output[dsl.HTML],
    config: str = "",
    architecture: str = "",
    train_steps: int = 0,
    fine_tune_checkpoint: str = "",
    module: str = "",
    trials: int = 10,
    search_space: str = "",
    engine: str = "local",
    time_limit: int = 0,
    seed: int = 0,
    study_dir: str = "",
    vertex_project: str = "",
    vertex_location: str = "us-central1",
) -> None:
    """Searches for the best levers of fine-tuning, by trainings that never see the test split.

    Args:
        dataset: The dataset artifact that import_dataset wrote.
        baseline: The baseline's model folder, whose hyperparameters are tried first.
        tuned: Folder of config.yaml, the best levers, and trials.json.
        page: The best levers, how the search went, and all trials.
        config: Levers that all trials have in common: a path or gs:// URI, as fine_tune takes it.
        architecture: Network to train, where neither the levers nor the checkpoint say it.
        train_steps: Batches that each trial learns from; 0 for the levers' or the task's own.
        fine_tune_checkpoint: Weights to start from, as fine_tune takes them.
        module: The team's own Python file, as fine_tune takes it.
        trials: How many, failed ones included.
        search_space: A path or gs:// URI of YAML that says which levers are searched; empty for the task's own.
        engine: What suggests the trials: local (Optuna), or vertex (Vertex AI Vizier).
        time_limit: Seconds after which no other trial is begun; 0 for none.
        seed: Of the search and of the trainings.
        study_dir: A folder that is the same after a restart, to go on from; with the engine vertex a gs:// URI too.
        vertex_project: Google Cloud project of the engine vertex.
        vertex_location: Its region.
    """
    from graduate.components.errors import final_errors_as_sentences
    from graduate.components.fine_tune.tuning.tune import tune as search

    with final_errors_as_sentences():
        search(
            dataset=dataset.path,
            output=tuned.path,
            page=page.path,
            baseline=baseline.path,
            config=config,
            architecture=architecture,
            train_steps=train_steps,
            fine_tune_checkpoint=fine_tune_checkpoint,
            module=module,
            trials=trials,
            search_space=search_space,
            engine=engine,
            time_limit=time_limit,
            seed=seed,
            study_dir=study_dir,
            vertex_project=vertex_project,
            vertex_location=vertex_location,
        )
