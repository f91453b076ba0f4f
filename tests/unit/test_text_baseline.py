"""Texts in the baselines: the linear one of texts alone, and the trees of tables that have a column of text."""

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime as ort
import pandas as pd
import pyarrow as pa
import pytest
import tiny_tables
import tiny_texts
from onnx import TensorProto, helper
from sklearn.feature_extraction.text import TfidfVectorizer

from graduate.components.automl_baseline.tabular import text_features
from graduate.components.automl_baseline.tabular.baseline import train_tabular_baseline
from graduate.components.automl_baseline.tabular.fit import FittedBaseline, fit
from graduate.components.automl_baseline.tabular.pipeline import predict
from graduate.components.automl_baseline.tabular.text_features import TermCounts, TfidfWeights
from graduate.components.automl_baseline.tabular.to_onnx import export
from graduate.components.automl_baseline.train import train_baseline
from graduate.components.batch_predict.predict import predict as predict_batch
from graduate.components.data.dataset import Dataset
from graduate.components.data.items import Column, ColumnType, Task
from graduate.components.data_quality_gate.judge import judge
from graduate.components.evaluate.compare import compare
from graduate.components.import_dataset.describe import describe_dataset
from graduate.components.import_dataset.read import read_dataset
from graduate.components.models import feature_transforms, hyperparameters, leaderboard
from graduate.components.models.folder import ModelFolder
from graduate.components.models.text_tokens import TOKEN, fold, spellings, terms, tokens
from graduate.components.onnx_convert.convert import convert

HARD_TEXTS = [
    "",
    " \n\t",
    "?!… — ...",
    "SPLENDID, Not Bad!\nnot\ncheap",
    "spLENdid",
    "très bien TRÈS BIEN tre\u0300s bien",
    "很好很坏可以吗",
    "слабо СЛАБО Слабо",
    "¿cuándo? 😀😀 splendid👍🏽not\u200dbad",
    "words never met before",
    "\ufeffbad\x00dreadful\u00a0how\u3000where",
    "STRASSE straße İstanbul ﬁne ǅ",
    "not bad " * 20_000,
    "x" * 100_000,
]


@pytest.fixture(scope="module")
def remarks(tmp_path_factory) -> tuple[Dataset, ModelFolder]:
    folder = tmp_path_factory.mktemp("remarks")
    data = tiny_texts.remarks(folder / "data")
    train_baseline(folder / "data", folder / "model", folder / "page.html", effort="standard")
    return data, ModelFolder.open(folder / "model")


def rated(path: Path, task: Task) -> Dataset:
    """A table whose label hangs on one word of a text."""
    rng, sizes = np.random.default_rng(0), {"train": 200, "test": 50}
    rows = []
    for _ in range(250):
        words = [f"word{number}" for number in rng.integers(0, 80, 30)] + [str(rng.choice(["lovely", "Awful"]))]
        rng.shuffle(words)
        value = 10 * ("lovely" in words) + float(rng.normal())
        label = value if task.predicts_numbers else "good" if value > 5 else "bad"
        rows.append({"notes": " ".join(words), "size": float(rng.normal()), "label": label})
    columns = [Column("notes", ColumnType.TEXT), Column("size", ColumnType.NUMBER)]
    return tiny_tables.table_dataset(path, task, [*columns, tiny_tables.label_column(task, "label")], rows, sizes)


def onnx_answers(fitted: FittedBaseline, rows: pd.DataFrame, file: Path) -> np.ndarray:
    export(fitted.pipeline, rows, file)
    return np.asarray(ort.InferenceSession(file).run(None, {name: rows[[name]].to_numpy() for name in rows})[0])


def hard_rows(text_column: str, number_column: str) -> pd.DataFrame:
    texts = pd.Series(HARD_TEXTS, dtype=object)
    return pd.DataFrame({text_column: texts, number_column: np.linspace(-3, 3, len(texts), dtype=np.float32)})


def test_it_learns_from_words_and_pairs_of_words(remarks):
    _, model = remarks
    assert model.name == "Logistic regression over TF-IDF"
    assert model.metrics["accuracy"] > 0.9
    assert model.metrics["log_loss"] < 0.2


def test_it_writes_its_trials_and_what_it_chose(remarks):
    _, model = remarks
    trials = leaderboard.read(model.leaderboard)
    losses = [trial.validation["log_loss"] for trial in trials]
    assert len(trials) == 6
    assert losses == sorted(losses)
    (chosen,) = [trial for trial in trials if trial.chosen]
    written = hyperparameters.read(model.hyperparameters)
    assert written is not None
    assert written.estimator == "sklearn.linear_model.LogisticRegression"
    assert written.hyperparameters == chosen.hyperparameters
    assert chosen.hyperparameters["ngram_range"] == [1, 2]  # the remarks hang on pairs


def test_every_later_step_takes_a_model_of_texts(remarks, tmp_path: Path):
    data, model = remarks
    describe_dataset(data.path, tmp_path / "data.html")
    verdict = judge(str(data.path), str(model.path), str(tmp_path / "verdict"), str(tmp_path / "verdict.html"))
    assert verdict.standing.baseline == model.metrics["accuracy"]
    proof = convert(model.path, tmp_path / "onnx", data.path, tmp_path / "proof", tmp_path / "proof.html")
    assert proof["proven"]
    predicted = predict_batch(str(tmp_path / "onnx"), str(data.path), str(tmp_path / "predicted"), workers=1)
    assert (predicted["results"], predicted["errors"]) == (sum(data.counts.values()), 0)
    folders = [str(each) for each in (data.path, model.path, tmp_path / "onnx")]
    evaluation = compare(*folders, output=str(tmp_path / "evaluation"), page=str(tmp_path / "evaluation.html"))
    assert evaluation["custom"]["metrics"] == pytest.approx(model.metrics, abs=1e-5)


def test_the_same_seed_gives_the_same_file(remarks, tmp_path: Path):
    data, model = remarks
    again = train_tabular_baseline(data, tmp_path / "again", "standard")
    assert again.onnx.read_bytes() == model.onnx.read_bytes()


def test_names_are_classified_by_words_as_people_do(shared_datasets: Path, tmp_path: Path):
    passengers = pd.read_csv(shared_datasets / "titanic_train.csv")
    passengers[["Name", "Sex"]].to_csv(tmp_path / "names.csv", index=False)
    read_dataset(str(tmp_path / "names.csv"), "text_classification", tmp_path / "data", label_column="Sex")
    model = train_tabular_baseline(Dataset.open(tmp_path / "data"), tmp_path / "model")
    assert model.metrics["accuracy"] > 0.97


def test_the_graph_of_the_linear_baseline_agrees_on_hard_texts(remarks, tmp_path: Path):
    fitted, rows = fit(remarks[0], "fast", 0, 0.0), hard_rows("remark (any)", "stars")
    found = onnx_answers(fitted, rows, tmp_path / "model.onnx")
    np.testing.assert_allclose(found, predict(fitted.pipeline, rows), atol=1e-6)
    assert np.ptp(found[:, 0]) > 0.5  # the texts are not all the same to it


def test_several_columns_of_text_are_told_apart_whatever_they_are_called(tmp_path: Path):
    rng = np.random.default_rng(0)
    turns = [rng.choice(["up", "down"], 2).tolist() for _ in range(90)]
    rows = [{"text": f"{a} {place}", "row": f"{b} {place}", "label": b} for place, (a, b) in enumerate(turns)]
    columns = [Column("text", ColumnType.TEXT), Column("row", ColumnType.TEXT), Column("label", ColumnType.CATEGORY)]
    sizes = {"train": 60, "test": 30}
    data = tiny_tables.table_dataset(tmp_path / "d", Task.TEXT_CLASSIFICATION, columns, rows, sizes)
    model = train_tabular_baseline(data, tmp_path / "m")
    assert model.metrics["accuracy"] == 1
    assert [each.name for each in ort.InferenceSession(model.onnx).get_inputs()] == ["text", "row"]


@pytest.mark.parametrize("task", [Task.TABULAR_CLASSIFICATION, Task.TABULAR_REGRESSION])
def test_trees_use_the_most_telling_terms_beside_other_columns(
    task: Task, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(text_features, "_TERMS_OF_TREES", 20)
    fitted = fit(rated(tmp_path / "data", task), "fast", 0, 0.0)
    assert len(fitted.transforms[0].statistics["vocabulary"]) > 20
    assert fitted.search.trials[0].validation["r2" if task.predicts_numbers else "accuracy"] > 0.9
    rows = hard_rows("notes", "size")
    rows.loc[:2, "notes"] = ["LOVELY word1", "Awful word2\nword3", "gOOd"]
    found = onnx_answers(fitted, rows, tmp_path / "model.onnx")
    np.testing.assert_allclose(found, predict(fitted.pipeline, rows), atol=1e-5)


def test_the_choice_of_terms_does_not_leak_labels_into_out_of_fold_predictions(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(text_features, "_TERMS_OF_TREES", 20)
    rng = np.random.default_rng(0)
    rows = [
        {"notes": " ".join(f"word{word}" for word in rng.integers(0, 400, 60)), "label": str(rng.choice(["a", "b"]))}
        for _ in range(340)
    ]
    columns = [Column("notes", ColumnType.TEXT), Column("label", ColumnType.CATEGORY)]
    sizes = {"train": 300, "test": 40}
    data = tiny_tables.table_dataset(tmp_path / "d", Task.TABULAR_CLASSIFICATION, columns, rows, sizes)
    fitted = fit(data, "fast", 0, 0.0)
    right = np.array(fitted.labels)[fitted.out_of_fold.argmax(axis=1)] == data.table("train")["label"].to_numpy()
    assert right.mean() < 0.64  # near chance; it is 0.69 with terms that were chosen by all labels


def described(texts: list[str]) -> feature_transforms.FeatureTransform:
    column = Column("text", ColumnType.TEXT)
    return feature_transforms.describe(pa.table({"text": texts}), [column])[0]


def test_a_vocabulary_has_what_some_texts_share_and_not_all():
    found = described(["The red fox", "the red dog", "the Red hen", "the fox", ""]).statistics
    assert found["vocabulary"] == ["fox", "red", "the red"]
    assert found["idf"] == pytest.approx([np.log(5 / 3) + 1, np.log(5 / 4) + 1, np.log(5 / 4) + 1])
    assert (found["rows"], found["missing"]) == (5, 1)
    assert described(["all the same", "all the same"]).transform == "dropped"


def test_a_vocabulary_is_bounded_to_the_commonest_terms(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(feature_transforms, "_MAX_TERMS", 2)
    found = described(["a b", "a b", "a b", "a c", "c d", "d"]).statistics
    assert found["vocabulary"] == ["a", "a b"]


def test_weights_are_those_of_scikit_learn():
    texts = ["red red fox", "the red hen", "", "fox the fox", "hen"]
    analyzer: Any = terms
    theirs = TfidfVectorizer(analyzer=analyzer, sublinear_tf=True).fit(texts)
    vocabulary = theirs.get_feature_names_out().tolist()
    counts = TermCounts(vocabulary).transform(np.array(texts, dtype=object)[:, None])
    ours = TfidfWeights(theirs.idf_.tolist()).transform(counts)
    np.testing.assert_allclose(ours.toarray(), theirs.transform(texts).toarray(), rtol=1e-6)


def test_a_word_stands_for_itself_capitalised_and_in_capitals():
    assert terms("Good GOOD good gOOd") == ["good", "good", "good", "gOOd", "good good", "good good", "good gOOd"]
    assert tokens("don't re-use 3.5€ très 很好!") == ["don", "t", "re", "use", "3", "5", "€", "très", "很", "好"]


def test_the_table_of_spellings_says_what_folding_says():
    written = ["straße", "STRASSE", "Strasse", "İstanbul", "istanbul", "iPhone", "ΣΑΣ", "ﬁn", "ǅ", "ǆ", "ñ", "Ñ", "很"]
    words = sorted({fold(token) for token in written})
    table = spellings(words)
    assert {token: words[table[token]] for token in written} == {token: fold(token) for token in written}


def test_python_and_onnx_runtime_part_words_at_the_same_characters():
    node = helper.make_node(
        "Tokenizer", ["x"], ["y"], domain="com.microsoft", mark=0, pad_value="", mincharnum=1, tokenexp=TOKEN
    )
    values = [helper.make_tensor_value_info(name, TensorProto.STRING, None) for name in ("x", "y")]
    graph = helper.make_graph([node], "tokens", values[:1], values[1:])
    opsets = [helper.make_opsetid("", 18), helper.make_opsetid("com.microsoft", 1)]
    model = helper.make_model(graph, opset_imports=opsets, ir_version=8)
    session = ort.InferenceSession(onnx.ModelProto.SerializeToString(model))
    characters = [chr(code) for code in range(0x110000) if not 0xD800 <= code <= 0xDFFF]
    for start in range(0, len(characters), 1 << 15):
        text = "".join(f"a{character}b" for character in characters[start : start + (1 << 15)])
        (found,) = session.run(None, {"x": np.array([text], dtype=object)})
        assert np.asarray(found)[0].tolist() == tokens(text)
