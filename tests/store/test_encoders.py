"""Published auto-encoders: found by their keys, bitwise as trained, in an open file."""

import json
from dataclasses import replace

import numpy as np
import pytest

from perso.claims.evidence import Evidence, Missing
from perso.errors import InputError
from perso.paths import ROOT
from perso.settings import read_params
from perso.store import encoders
from perso.store.sqlite import Store
from perso.study import jobs
from perso.study.study import Study

TINY = replace(
    read_params(ROOT / "params" / "smoke.yml"),
    width=1 / 16,
    epochs=1,
    encoder_epochs=1,
    device="cpu",
)


@pytest.fixture(scope="module")
def trained(tmp_path_factory) -> Study:
    """A study whose store has the auto-encoders of both folds."""
    folder = tmp_path_factory.mktemp("trained")
    study = Study(TINY, folder / "s.sqlite", results=folder)
    for fold in (0, 1):
        study.encoder(fold)
    return study


@pytest.fixture
def folder(trained, tmp_path):
    """A folder of published files with both auto-encoders."""
    results = tmp_path / "results"
    assert encoders.write_beside(results / "smoke.parquet", trained, "smoke") == (
        results / "smoke.encoders.npz"
    )
    return results


def untrained(tmp_path, results, **changes) -> Study:
    """A study with an empty store."""
    return Study(replace(TINY, **changes), tmp_path / "empty.sqlite", results=results)


def test_a_published_encoder_is_used_and_not_trained(trained, folder, tmp_path, monkeypatch):
    monkeypatch.setattr(jobs, "train_encoder", None)
    study = untrained(tmp_path, folder)
    for fold in (0, 1):
        assert np.array_equal(study.codes(fold), trained.codes(fold), equal_nan=True)
        images = study.data.splits.test[study.folds[fold].individuals[0]]
        made = study.reconstructed(images, fold)
        assert np.array_equal(made, trained.reconstructed(images, fold))
    assert not study.store.path.exists()


def test_a_stored_encoder_comes_first(trained, folder, monkeypatch):
    monkeypatch.setattr(encoders, "find_encoder", None)
    Study(TINY, trained.store.path, results=folder).encoder(0)


def test_an_encoder_of_other_settings_is_trained(folder, tmp_path, monkeypatch):
    keys = []

    def train(data, fold, key):
        keys.append(key)
        return {"key": key, "weights": Store.blob({}), "iterations": 0, "seconds": 0, "created": ""}

    monkeypatch.setattr(jobs, "train_encoder", train)
    study = untrained(tmp_path, folder, latent=4)
    study.encoder(0)
    assert keys == [study.encoder_key(0)]


def test_the_file_is_open_and_says_where_it_comes_from(trained, folder):
    """What another program sees, without this package."""
    with np.load(folder / "smoke.encoders.npz", allow_pickle=False) as arrays:
        facts = json.loads(str(arrays["provenance"]))
        for fold in (0, 1):
            key = trained.encoder_key(fold)
            weights = trained.store.weights(key)
            names = [name for name in arrays.files if name.startswith(f"{key}/")]
            assert {name.split("/")[1] for name in names} == set(weights)
            for name, value in weights.items():
                found = arrays[f"{key}/{name}"]
                assert found.dtype == value.dtype and np.array_equal(found, value)
            known = facts["encoders"][key]
            assert set(known) == {"fold", "iterations", "seconds", "created"}
            assert known["fold"] == fold and known["iterations"] > 0
    assert facts["params"] == "smoke" and facts["settings"]["latent"] == TINY.latent
    assert facts["individuals"] == [
        [str(person) for person in fold.individuals] for fold in trained.folds
    ]


def test_what_the_store_has_not_is_not_written(trained, tmp_path):
    assert encoders.write_beside(tmp_path / "x.parquet", untrained(tmp_path, tmp_path)) is None
    assert not list(tmp_path.glob("*.npz"))
    some = untrained(tmp_path, tmp_path)
    some.store.add([trained.store.network(trained.encoder_key(1))], "networks")
    path = encoders.write_beside(tmp_path / "x.parquet", some)
    assert set(encoders.read_encoders(path).weights) == {trained.encoder_key(1)}


def test_an_encoder_is_published_once(trained, folder):
    """Rows of two tables of methods share their auto-encoders."""
    assert encoders.write_beside(folder / "smoke-doses.parquet", trained) is None
    assert [path.name for path in encoders.encoder_files(folder)] == ["smoke.encoders.npz"]
    # the file of the same rows is written again
    assert encoders.write_beside(folder / "smoke.parquet", trained) is not None


def test_claims_use_published_encoders_of_their_folder(folder, tmp_path):
    evidence = Evidence(untrained(tmp_path, tmp_path / "none"), folder)
    assert evidence.encoded().results == folder
    assert evidence.files == {"results/smoke.encoders.npz"}
    with pytest.raises(Missing, match="the auto-encoder of these people"):
        Evidence(untrained(tmp_path, folder), tmp_path / "none").encoded()


def test_data_of_the_users_own_have_no_published_encoder(folder, tmp_path, monkeypatch):
    study = untrained(tmp_path, folder)
    assert study.published_encoder(0).file == "results/smoke.encoders.npz"
    monkeypatch.setattr(encoders, "find_encoder", None)
    study.settings = replace(study.settings, dataset="python:mine.py:people")
    assert study.published_encoder(0) is None


# --- files that are none


def missing(path):
    path.unlink()


def text(path):
    path.write_text("no archive")


def cut_short(path):
    path.write_bytes(path.read_bytes()[:-100])


def one_bit_off(path):
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 16
    path.write_bytes(content)


def without_provenance(path):
    with np.load(path) as arrays:
        kept = {name: arrays[name] for name in arrays.files if name != "provenance"}
    np.savez(path, **kept)


def without_weights(path):
    with np.load(path) as arrays:
        provenance = arrays["provenance"]
    np.savez(path, provenance=provenance)


def with_pickles(path):
    with np.load(path) as arrays:
        changed = dict(arrays)
    changed[max(name for name in changed if "/" in name)] = np.array([{}], dtype=object)
    np.savez(path, **changed)


DAMAGES = [
    missing,
    text,
    cut_short,
    one_bit_off,
    without_provenance,
    without_weights,
    with_pickles,
]


@pytest.mark.parametrize("damage", DAMAGES)
def test_what_is_no_file_of_encoders_is_named_in_one_line(damage, folder):
    path = folder / "smoke.encoders.npz"
    damage(path)
    with pytest.raises(
        InputError, match=r"smoke\.encoders\.npz: no published auto-encoders \(.+\); `perso export`"
    ) as caught:
        encoders.read_encoders(path)
    assert "\n" not in str(caught.value)


def test_a_file_is_read_once_until_it_changes(trained, folder, monkeypatch):
    seen, read = [], encoders.read_encoders
    monkeypatch.setattr(
        encoders, "read_encoders", lambda path: seen.append(path.name) or read(path)
    )
    for _ in range(2):
        assert encoders.find_encoder(trained.encoder_key(0), folder)
        assert encoders.find_encoder("another", folder) is None
    assert seen == ["smoke.encoders.npz"]
    encoders.write_encoders(folder / "smoke.encoders.npz", trained, [0])
    assert encoders.find_encoder(trained.encoder_key(1), folder) is None
    assert len(seen) == 2
