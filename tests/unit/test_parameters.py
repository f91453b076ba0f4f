"""Checking a run's parameters against the pipeline's signature."""

from pathlib import Path

import pytest

from graduate.components.errors import InputError
from graduate.pipelines.parameters import Parameter, read_parameters, resolve

PARAMETERS = read_parameters(
    {
        "dataset": {"parameterType": "STRING", "description": "A location of the data."},
        "checkpoint": {
            "parameterType": "STRING",
            "description": "A location; empty for none.",
            "defaultValue": "",
        },
        "engine": {
            "parameterType": "STRING",
            "description": "Who does\n the work. One of: vertex, local.",
            "defaultValue": "local",
        },
        "train_steps": {"parameterType": "NUMBER_INTEGER", "description": "How many.", "defaultValue": 200.0},
        "target_value": {"parameterType": "NUMBER_DOUBLE", "defaultValue": 0.75},
        "verbose": {"parameterType": "BOOLEAN", "defaultValue": False},
        "columns": {"parameterType": "LIST", "defaultValue": []},
        "extra": {"parameterType": "STRUCT", "defaultValue": {}},
    }
)
REMOTE = "dataset=gs://bucket/import.jsonl"


def test_values_are_typed_and_the_rest_has_its_defaults() -> None:
    settings = [REMOTE, "train_steps=30", "target_value=1e-1", "verbose=true", 'columns=["a"]', 'extra={"b": 1}']
    assert resolve(PARAMETERS, settings) == {
        "dataset": "gs://bucket/import.jsonl",
        "checkpoint": "",
        "engine": "local",
        "train_steps": 30,
        "target_value": 0.1,
        "verbose": True,
        "columns": ["a"],
        "extra": {"b": 1},
    }


def test_a_whole_number_is_one_whether_set_or_by_default() -> None:
    by_default, when_set = resolve(PARAMETERS, [REMOTE]), resolve(PARAMETERS, [REMOTE, "train_steps=200"])
    assert repr(by_default["train_steps"]) == repr(when_set["train_steps"]) == "200"


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ([REMOTE, "train_step=3"], "no parameter 'train_step'; did you mean 'train_steps'?"),
        ([REMOTE, "zzz=3"], "no parameter 'zzz'; it has: dataset, checkpoint, engine"),
        ([], "'dataset' is required: add --set dataset=VALUE"),
        ([REMOTE, "train_steps=ten"], "'train_steps' must be a whole number, but is 'ten'"),
        ([REMOTE, "train_steps=1.5"], "'train_steps' must be a whole number, but is '1.5'"),
        ([REMOTE, "target_value=nan"], "'target_value' must be a number, but is 'nan'"),
        ([REMOTE, "verbose=perhaps"], "'verbose' must be true or false, but is 'perhaps'"),
        ([REMOTE, "columns={}"], "'columns' must be a JSON list, but is '{}'"),
        ([REMOTE, "extra=[1"], r"'extra' must be a JSON object, but is '\[1'"),
        ([REMOTE, "engine=vortex"], "'vortex', which is not one of vertex, local; did you mean 'vertex'?"),
        ([REMOTE, "engine"], "--set engine: write it as name=value"),
        ([REMOTE, "engine=local", "engine=vertex"], "'engine' is set twice: to 'local' and to 'vertex'"),
        (["dataset="], "'dataset' is empty"),
        (["dataset=s3://bucket/import.jsonl"], "only local paths and gs:// URIs"),
        (["dataset=no/such/file.csv"], "no file or folder /.*no/such/file.csv"),
    ],
)
def test_what_is_wrong_is_named(settings: list[str], sentence: str) -> None:
    with pytest.raises(InputError, match=sentence.replace("?", r"\?")):
        resolve(PARAMETERS, settings)


@pytest.mark.parametrize("character", [*"\"'\\`$;|&<>*?!()[]{}", "\n", "\x00"])
def test_a_location_with_a_shells_metacharacter_is_refused_and_the_place_named(character: str) -> None:
    with pytest.raises(InputError) as refused:
        resolve(PARAMETERS, [f"dataset=gs://bucket/a{character}b"])
    assert f"has the character {character!r} at position 14 of" in str(refused.value)


def test_a_local_location_is_made_absolute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "my data.csv").touch()
    monkeypatch.chdir(tmp_path)
    assert resolve(PARAMETERS, ["dataset=my data.csv"])["dataset"] == str(tmp_path / "my data.csv")


def test_a_placeholder_of_kubeflow_cannot_be_smuggled_in() -> None:
    plain = read_parameters({"label_column": {"parameterType": "STRING"}})
    with pytest.raises(InputError, match="must be a text without"):
        resolve(plain, ["label_column={{$.pipeline_job_name}}"])


def test_a_word_may_stand_for_a_location() -> None:
    weights = read_parameters({"weights": {"parameterType": "STRING", "description": "A location, or imagenet."}})
    assert resolve(weights, ["weights=imagenet"])["weights"] == "imagenet"
    with pytest.raises(InputError, match="there is no file"):
        resolve(weights, ["weights=imagenets"])


def test_only_a_location_locates_and_neither_its_word_nor_none() -> None:
    weights = Parameter("weights", "STRING", "A location, or imagenet; empty for none.", "")
    assert [weights.locates(value) for value in ("gs://b/w.h5", "imagenet", "")] == [True, False, False]
    assert not Parameter("seed", "NUMBER_INTEGER").locates(3)


@pytest.mark.parametrize("seed", ["-1", "4294967296"])
def test_a_number_out_of_its_bounds_is_refused(seed: str) -> None:
    description = "Between 0 and 4294967295."
    parameters = read_parameters({"seed": {"parameterType": "NUMBER_INTEGER", "description": description}})
    assert resolve(parameters, ["seed=4294967295"])["seed"] == 4294967295
    with pytest.raises(InputError, match=f"must be between 0 and 4,294,967,295, but is {seed}"):
        resolve(parameters, [f"seed={seed}"])


def test_several_choices_are_checked_one_by_one() -> None:
    rules = read_parameters(
        {"accept": {"parameterType": "STRING", "defaultValue": "", "description": "Any of: leak, overlap."}}
    )
    assert resolve(rules, ["accept=leak, overlap"])["accept"] == "leak, overlap"
    assert resolve(rules, ["accept="])["accept"] == ""
    with pytest.raises(InputError, match="'overlapp', which is not one of leak, overlap; did you mean 'overlap'"):
        resolve(rules, ["accept=leak,overlapp"])


def test_a_destination_is_in_a_bucket() -> None:
    staging = read_parameters(
        {"staging": {"parameterType": "STRING", "defaultValue": "", "description": "A gs:// location to write to."}}
    )
    assert resolve(staging, ["staging=gs://bucket/not/there/yet"])["staging"] == "gs://bucket/not/there/yet"
    assert resolve(staging, [])["staging"] == ""
    with pytest.raises(InputError, match="is '/home/me': give a gs:// URI"):
        resolve(staging, ["staging=/home/me"])
    with pytest.raises(InputError, match="has the character ';' at position 14"):
        resolve(staging, ["staging=gs://bucket/a;b"])
