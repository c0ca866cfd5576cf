"""Published rows: read as they were written, with their origin; written whole or not at all."""

import json
import shutil
import subprocess
import sys
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from pyarrow import parquet

import perso
from perso.data.cohort import Cohort
from perso.errors import InputError
from perso.methods.registry import METHODS
from perso.paths import ROOT
from perso.settings import Settings, as_dict, overlay
from perso.store import encoders, published
from perso.store.sqlite import ROW, Store, packed, unpacked

PROVENANCE = {"params": "quick", "wanted": 4, "Ünïcode": "é"}


def rows(*keys: str, **changed) -> pd.DataFrame:
    """Whole rows as a store gives them, under its own types."""
    lines = [
        dict.fromkeys(ROW)
        | {
            "key": key,
            "method": "SW-n-2",
            "person": "07",
            "repeat": 0,
            "fold": 1,
            "acc_I": 1 / 3,
            "n_I": 3,
            "acc_G": 0.1 + 0.2,
            "n_G": 10,
            "iterations": 2**40,
            "own_iterations": 10,
            "seconds": 1e-7,
            "device": "cpu",
            "precision": "float32",
            "threads": 1,
            "lanes": 2,
            "torch": "2.11.0+cpu",
            "created": f"2026-01-0{place + 1}T00:00:00+00:00",
            "hits_I": packed(np.array([True, False, False])),
            "hits_G": bytes(range(256)),
            "acc_V": np.nan,
            "acc_U": np.nan,
            "n_U": np.nan,
        }
        | changed
        for place, key in enumerate(keys)
    ]
    return pd.DataFrame(lines)


def study(*keys: str, **settings):
    """What a `Study` shows of itself, without training one."""
    source = Cohort(
        np.zeros((2, 1, 1), np.uint8),
        np.zeros(2, int),
        np.arange(2),
        np.arange(2),
        source="two dots",
    )
    return SimpleNamespace(
        settings=Settings(**settings),
        data=SimpleNamespace(source=source, kind="images", shape=(32, 32)),
        folds=(SimpleNamespace(individuals=("07", 8)), SimpleNamespace(individuals=(9,))),
        keys=lambda methods=None: list(keys),
        common=lambda: {"engine": 7},
        store=SimpleNamespace(keys=set),
    )


def publish(folder, name: str, table: pd.DataFrame, *wanted: str, **settings):
    """A published file of these rows."""
    path = folder / "results" / f"{name}.parquet"
    published.write_rows(path, table, published.provenance(study(*wanted, **settings), table, name))
    return path


# --- there and back


def test_rows_come_back_bitwise_and_in_their_types(tmp_path):
    """Through a store: what is read from it is what is read from the file."""
    store = Store(tmp_path / "rows.sqlite")
    odd = {
        "acc_I": np.nextafter(0.3, 1),
        "acc_G": 5e-324,
        "hits_I": b"",
        "hits_G": b"\x00\xff",
        "device": 'Ünï, "x"',
    }
    store.add(pd.concat([rows("b", "a"), rows("c", **odd)]).to_dict("records"))
    stored = store.rows("bca")
    published.write_rows(tmp_path / "new" / "x.parquet", stored, PROVENANCE)
    back = published.read_rows(tmp_path / "new" / "x.parquet")
    pd.testing.assert_frame_equal(back.rows, stored, check_exact=True)
    assert list(back.rows) == list(ROW) and back.rows["person"].tolist() == ["07"] * 3
    for column in ("acc_I", "acc_G", "seconds"):
        assert back.rows[column].to_numpy().tobytes() == stored[column].to_numpy().tobytes()
    assert [type(blob) for blob in back.rows["hits_G"]] == [bytes] * 3
    assert (back.name, back.file, back.provenance) == ("x", "new/x.parquet", PROVENANCE)


def test_the_file_is_open_typed_and_compressed(tmp_path):
    """What another reader of Parquet sees, without this package."""
    published.write_rows(tmp_path / "x.parquet", rows(*"abc"), PROVENANCE)
    file = parquet.ParquetFile(tmp_path / "x.parquet")
    kinds = {"TEXT": pa.string(), "INTEGER": pa.int64(), "REAL": pa.float64(), "BLOB": pa.binary()}
    assert {field.name: field.type for field in file.schema_arrow} == {
        c: kinds[k.split()[0]] for c, k in ROW.items()
    }
    assert {file.metadata.row_group(0).column(n).compression for n in range(len(ROW))} == {"ZSTD"}
    assert json.loads(file.schema_arrow.metadata[b"perso"]) == PROVENANCE
    assert pd.read_parquet(tmp_path / "x.parquet")["iterations"].tolist() == [2**40] * 3


def test_a_row_that_is_not_whole_is_not_written(tmp_path):
    with pytest.raises(KeyError, match="hits_G"):
        published.write_rows(tmp_path / "x.parquet", rows("a").drop(columns="hits_G"), PROVENANCE)
    with pytest.raises((pa.ArrowInvalid, pa.ArrowTypeError)):
        published.write_rows(tmp_path / "x.parquet", rows("a", n_I=2.5), PROVENANCE)
    assert not list(tmp_path.iterdir())


def test_a_file_that_is_older_than_a_column_is_read_with_nulls(tmp_path):
    table = rows("a", "b", hits_S=b"\x01", logp_I=b"\x02\x03", acc_V=0.5, n_U=3)
    path = tmp_path / "x.parquet"
    for lost in (["hits_S"], ["logp_I"], ["hits_S", "logp_I"], ["acc_V", "hits_S"], ["n_U"]):
        published.write_rows(path, table, PROVENANCE)
        parquet.write_table(parquet.read_table(path).drop_columns(lost), path)
        back = published.read_rows(path)
        assert list(back.rows) == list(ROW) and back.provenance == PROVENANCE
        assert back.rows[lost].isna().all(axis=None)
        kept = [column for column in ROW if column not in lost]
        pd.testing.assert_frame_equal(back.rows[kept], table[kept], check_dtype=False)
        # and such rows are written as they are, beside new ones
        both = pd.concat([back.rows, rows("c", hits_S=b"\x04", logp_I=b"", acc_V=0.5, n_U=3)])
        published.write_rows(tmp_path / "both.parquet", both, PROVENANCE)
        again = published.read_rows(tmp_path / "both.parquet").rows
        assert again[lost].isna().all(axis=1).tolist() == [True, True, False]
        assert again["hits_S"].iloc[2] == b"\x04"


def test_what_rows_say_of_other_contexts_is_published_and_older_files_say_nothing(tmp_path):
    """Through a store, of people with a D_U and of people without."""
    elsewhere = {"acc_U": 2 / 3, "n_U": 3, "hits_U": packed(np.array([True, False, True]))}
    store = Store(tmp_path / "rows.sqlite")
    store.add(pd.concat([rows("a", **elsewhere), rows("b")]).to_dict("records"))
    stored = store.rows("ab")
    path = tmp_path / "x.parquet"
    published.write_rows(path, stored, PROVENANCE)
    back = published.read_rows(path).rows
    pd.testing.assert_frame_equal(back, stored, check_exact=True)
    assert back[[*elsewhere]].notna().to_numpy().tolist() == [[True] * 3, [False] * 3]
    assert back.loc[0, [*elsewhere]].to_dict() == elsewhere

    parquet.write_table(parquet.read_table(path).drop_columns([*elsewhere]), path)
    older = published.read_rows(path).rows
    assert list(older) == list(ROW) and older[[*elsewhere]].isna().all(axis=None)
    kept = [column for column in ROW if column not in elsewhere]
    pd.testing.assert_frame_equal(older[kept], stored[kept], check_exact=True)


def test_a_newer_column_of_another_type_is_no_published_file(tmp_path):
    path = tmp_path / "x.parquet"
    published.write_rows(path, rows("a"), PROVENANCE)
    table = parquet.read_table(path)
    place = list(ROW).index("hits_S")
    parquet.write_table(table.set_column(place, "hits_S", table["key"]), path)
    with pytest.raises(InputError, match=r"x\.parquet: no published rows"):
        published.read_rows(path)


# --- whole or not at all


def test_a_write_that_fails_leaves_what_was_there_and_nothing_else(tmp_path, monkeypatch):
    path = publish(tmp_path, "x", rows("a"), "a")
    before = path.read_bytes()

    def fills_the_disk(table, where, **_):
        where.write_bytes(b"PAR1 half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(parquet, "write_table", fills_the_disk)
    with pytest.raises(
        InputError, match=r"x\.parquet: cannot be written \(No space left on device\)"
    ):
        published.write_rows(path, rows("b"), PROVENANCE)
    assert path.read_bytes() == before and list(path.parent.iterdir()) == [path]


def test_a_folder_that_cannot_be_made_is_named(tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(InputError, match=r"x\.parquet: cannot be written"):
        published.write_rows(tmp_path / "file" / "x.parquet", rows("a"), PROVENANCE)


# --- files that are none


def missing(path):
    path.unlink()


def folder(path):
    path.unlink()
    path.mkdir()


def text(path):
    path.write_text("key,method\na,b\n")


def cut_short(path):
    path.write_bytes(path.read_bytes()[:-100])


def one_bit_off(path):
    chunk = parquet.read_metadata(path).row_group(0).column(list(ROW).index("acc_I"))
    content = bytearray(path.read_bytes())
    content[chunk.dictionary_page_offset + chunk.total_compressed_size - 1] ^= (
        16  # the last of its values
    )
    path.write_bytes(content)


def without_provenance(path):
    parquet.write_table(parquet.read_table(path).replace_schema_metadata({}), path)


def without_hits(path):
    parquet.write_table(parquet.read_table(path).drop_columns(["hits_I"]), path)


def of_other_types(path):
    table = parquet.read_table(path)
    parquet.write_table(table.set_column(0, "key", table["key"].cast(pa.binary())), path)


def with_broken_provenance(path):
    parquet.write_table(parquet.read_table(path).replace_schema_metadata({"perso": "{"}), path)


DAMAGES = [
    missing,
    folder,
    text,
    cut_short,
    one_bit_off,
    without_provenance,
    without_hits,
    of_other_types,
    with_broken_provenance,
]


@pytest.mark.parametrize("damage", DAMAGES)
def test_what_is_no_published_file_is_named_in_one_line(damage, tmp_path):
    path = publish(tmp_path, "x", rows(*map(str, range(300))), "0")
    assert len(published.read_rows(path).rows) == 300
    damage(path)
    with pytest.raises(
        InputError, match=r"x\.parquet: no published rows \(.+\); `perso export`"
    ) as caught:
        published.read_rows(path)
    assert "\n" not in str(caught.value)


# --- where they come from


def test_provenance_says_what_when_on_what_and_how_much():
    both = pd.concat(
        [
            rows("a", "b", device="NVIDIA H200", precision="bfloat16", seconds=1.5),
            rows("c", person="8"),
        ]
    )
    facts = published.provenance(study(*"abcde", individuals=5), both, "quick")
    assert facts == json.loads(json.dumps(facts))  # plain data
    assert facts["params"] == "quick" and facts["settings"] == as_dict(Settings(individuals=5))
    assert (facts["models"], facts["wanted"], facts["people"]) == (3, 5, 2)
    assert facts["devices"] == ["NVIDIA H200", "cpu"] and facts["precisions"] == [
        "bfloat16",
        "float32",
    ]
    assert (facts["first"][:10], facts["last"][:10]) == ("2026-01-01", "2026-01-02")
    assert facts["seconds"] == pytest.approx(3) and facts["torch"] == ["2.11.0+cpu"]
    # the order of the test sets in `hits_S`
    assert facts["individuals"] == [["07", "8"], ["9"]]
    assert facts["data"] == "two dots" and facts["content"] == study().data.source.content_hash
    assert (facts["perso"], facts["engine"], facts["commit"]) == (
        perso.__version__,
        7,
        published.commit(),
    )


@pytest.mark.parametrize(
    "dataset", ["file:people.npz", "file:folder/people.npz", "file:/home/me/people.npz"]
)
def test_a_file_of_people_is_published_without_its_folder(dataset):
    assert (
        published.provenance(study(dataset=dataset), rows("a"))["settings"]["dataset"]
        == "file:people.npz"
    )


@pytest.mark.parametrize(
    ("key", "value", "published_as"),
    [
        ("dataset", "python:folder/my_data.py:people", "python:my_data.py:people"),
        ("rows_of", "/home/me/mine.py:METHODS", "mine.py:METHODS"),
        ("claims_of", "~/mine.py:CLAIMS", "mine.py:CLAIMS"),
        ("architecture", "mine.py:Network", "mine.py:Network"),
        ("architecture", "gru", "gru"),
    ],
)
def test_code_of_the_users_own_is_published_without_its_folder(key, value, published_as):
    facts = published.provenance(study(**{key: value}), rows("a"))
    assert facts["settings"] == as_dict(Settings(**{key: published_as}))


def test_the_samples_of_a_run_are_described(tmp_path):
    facts = published.provenance(study("a"), rows("a"))
    assert (facts["kind"], facts["shape"]) == ("images", [32, 32])
    run = published.Published("paper", rows("a"), facts)
    sentence = published.run_sentence(run)
    assert "; 32 × 32 pixels, width 1, 20 epochs; " in sentence
    facts |= {"kind": "sequences", "shape": [50, 2]}
    assert "; 50 steps × 2 channels, width 1, 20 epochs; " in published.run_sentence(run)
    del facts["kind"], facts["shape"]  # as in files that are older than sequences
    assert published.run_sentence(run) == sentence


@pytest.fixture
def checkout(tmp_path):
    """A repository of one commit with a tracked file, and one in results/."""
    root = tmp_path / "checkout"
    for path in (root / "code.py", root / "results" / "rows"):
        path.parent.mkdir(exist_ok=True)
        path.write_text("one")
    who = ["-c", "user.name=ann", "-c", "user.email=ann@b.example"]
    for words in (["init", "-q"], ["add", "."], [*who, "commit", "-q", "-m", "one"]):
        subprocess.run(["git", *words], cwd=root, check=True)
    return root


def test_the_commit_is_named_and_whether_files_differ_from_it(checkout):
    head = subprocess.run(
        ["git", "rev-parse", "HEAD"], cwd=checkout, capture_output=True, text=True
    ).stdout
    clean = published.commit(checkout)
    assert len(clean) >= 4 and head.startswith(clean)
    (checkout / "results" / "rows").write_text("the run published just before")
    assert published.commit(checkout) == clean
    (checkout / "code.py").write_text("two")
    assert published.commit(checkout) == f"{clean}-dirty"


def test_outside_git_the_commit_is_unknown(checkout, monkeypatch):
    assert published.commit(checkout / "results") == "unknown"  # not that of the checkout around it
    monkeypatch.setenv("PATH", "")
    assert published.commit(checkout) == "unknown"
    shutil.rmtree(checkout / ".git")
    assert published.commit(checkout) == "unknown"


def test_a_sentence_names_the_run(tmp_path):
    run = published.read_rows(
        publish(tmp_path, "paper", rows("a", "b", device="NVIDIA H200"), "a", "b")
    )
    sentence = published.run_sentence(run)
    for text in (
        "`results/paper.parquet`",
        "2 models of 1 people of two dots",
        "on NVIDIA H200 (float32, torch 2.11.0",
        "2026-01-01 to 2026-01-02",
        f"commit {published.commit()}",
        "32 × 32 pixels",
        "engine 7",
    ):
        assert text in sentence
    assert "missing" not in sentence and "of this page" not in sentence


def test_a_sentence_tells_how_many_models_are_missing(tmp_path):
    sentence = published.run_sentence(
        published.read_rows(publish(tmp_path, "paper", rows("a", "b"), *"abcdefg"))
    )
    assert "2 models of" in sentence and "5 of 7 models are missing" in sentence


# --- a folder of them


def test_runs_come_by_size_and_then_by_name(tmp_path):
    for name in ("another", "paper-v1", "standard", "quick", "Zeta", "paper"):
        publish(tmp_path, name, rows(name), name)
    (tmp_path / "results" / "durations.json").write_text("{}")
    names = [run.name for run in published.read_all(tmp_path / "results")]
    assert names == ["quick", "standard", "paper", "paper-v1", "Zeta", "another"]


def test_where_nothing_is_published_there_is_only_the_own_run(tmp_path):
    assert published.read_all(tmp_path / "results") == []
    (own,) = published.runs_beside(study("a"), rows("a"), tmp_path / "results")
    assert own.name == published.OWN and own.rows["key"].tolist() == ["a"]
    assert published.run_sentence(own).startswith(
        "the models of this page; 1 models of 1 people of two dots"
    )


def test_a_published_run_of_the_own_models_is_not_set_beside_them(tmp_path):
    for name, keys in {"quick": "ab", "standard": "bc", "paper": "de"}.items():
        publish(tmp_path, name, rows(*keys), *keys)
    runs = published.runs_beside(study(*"abc"), rows(*"abc"), tmp_path / "results")
    assert [run.name for run in runs] == [published.OWN, "paper"]
    runs = published.runs_beside(study(*"ab"), rows(*"ab"), tmp_path / "results")
    assert [run.name for run in runs] == [published.OWN, "standard", "paper"]


@pytest.mark.parametrize("other", [{"rows_of": "doses"}, {"variation": "class-counts"}])
def test_only_runs_of_the_same_question_stand_beside(tmp_path, other):
    publish(tmp_path, "paper", rows("a"), "a")
    publish(tmp_path, "quick-else", rows("b"), "b", **other)
    names = [
        [
            run.name
            for run in published.runs_beside(study("c", **asked), rows("c"), tmp_path / "results")
        ]
        for asked in ({}, other)
    ]
    assert names == [[published.OWN, "paper"], [published.OWN, "quick-else"]]


def test_what_is_published_is_shared_by_its_identity(tmp_path):
    publish(tmp_path, "quick", rows("a", "b"), "a", "b")
    publish(tmp_path, "quick-doses", rows("b", "c"), "b", "c", rows_of="doses")
    one = study(*"abcd")
    given = published.published_rows(one, folder=tmp_path / "results")
    assert dict(zip(given["key"], given["file"], strict=True)) == {
        "a": "results/quick.parquet",
        "b": "results/quick.parquet",
        "c": "results/quick-doses.parquet",
    }
    one.store.keys = lambda: {"a", "b"}  # what is trained here comes first
    assert published.published_rows(one, folder=tmp_path / "results")["key"].tolist() == ["c"]
    one.store.keys = lambda: set("abcd")
    assert published.published_rows(
        one, folder=tmp_path / "broken"
    ).empty  # and nothing need be read


def test_a_study_takes_its_rows_from_the_file_that_has_most_of_them(tmp_path):
    """Files of one study on two machines have the same keys; small parts do not mix them."""
    publish(tmp_path, "a-gpu", rows("a", "b", "x", "y", "z", device="a GPU"), "a", "b")
    publish(tmp_path, "quick", rows("a", device="cpu"), "a")
    publish(tmp_path, "standard", rows("a", "b", "c", device="cpu"), "a", "b", "c")
    folder = tmp_path / "results"
    one = study(*"abcd")
    given = published.published_rows(one, folder=folder)
    assert given["key"].tolist() == ["a", "b", "c"]
    assert set(given["file"]) == {"results/standard.parquet"} and set(given["device"]) == {"cpu"}
    # also where only some of its methods are asked for
    one.keys = lambda methods=None: list("abcd") if methods is None else ["a", "b"]
    given = published.published_rows(one, ["some"], folder)
    assert given["key"].tolist() == ["a", "b"]
    assert set(given["file"]) == {"results/standard.parquet"}
    # what it lacks comes from the next
    given = published.published_rows(study(*"abcxyz"), folder=folder)
    assert dict(zip(given["key"], given["file"], strict=True)) == {
        **dict.fromkeys("abxyz", "results/a-gpu.parquet"),
        "c": "results/standard.parquet",
    }


def test_a_file_of_the_studys_own_methods_comes_before_one_that_has_more(tmp_path):
    """A generic network's row comes from where the networks that start from it were trained."""
    publish(tmp_path, "more", rows("start", "b", "c"), "start", rows_of="relative")
    publish(tmp_path, "own", rows("start", "late"), "start", rows_of="sweeps")
    asked = study("start", "b", "c", "late", rows_of="sweeps")
    given = published.published_rows(asked, folder=tmp_path / "results")
    files = dict(zip(given["key"], given["file"], strict=True))
    assert files["start"] == files["late"] == "results/own.parquet"
    assert files["b"] == files["c"] == "results/more.parquet"


def test_rows_are_looked_for_in_a_folder_that_is_not_there(tmp_path):
    assert published.published_rows(study("a"), folder=tmp_path / "results").empty


@pytest.mark.parametrize(
    "own", [{"dataset": "python:mine.py:people"}, {"architecture": "mine.py:Network"}]
)
def test_no_file_is_opened_for_data_or_networks_of_the_users_own(tmp_path, reads, own):
    publish(tmp_path, "quick", rows("a", "b"), "a", "b")
    folder = tmp_path / "results"
    asked = study("a", "c", **own)
    assert published.published_rows(asked, folder=folder).empty
    assert published.comparable_runs(asked, folder) == []
    assert [run.name for run in published.runs_beside(asked, rows("c"), folder)] == [published.OWN]
    assert reads == []


def test_own_methods_may_use_published_rows_of_the_papers_methods(tmp_path):
    publish(tmp_path, "quick", rows("a", "b"), "a", "b")
    asked = study("a", "c", rows_of="mine.py:METHODS")
    given = published.published_rows(asked, folder=tmp_path / "results")
    assert given["key"].tolist() == ["a"]
    assert published.comparable_runs(asked, tmp_path / "results") == []


def test_provenance_names_files_of_the_users_own_without_their_folder(tmp_path):
    """And such settings can be read where there is no such file."""
    own = {
        "dataset": "python:/home/ann/data.py:people",
        "rows_of": "../methods.py:MINE",
        "claims_of": "/home/ann/my claims.py:MINE",
        "architecture": "networks.py:Small",
    }
    publish(tmp_path, "mine", rows("a"), "a", **own)
    (run,) = published.read_all(tmp_path / "results")
    settings = overlay(run.provenance["settings"])
    assert [getattr(settings, key) for key in own] == [
        "python:data.py:people",
        "methods.py:MINE",
        "my claims.py:MINE",
        "networks.py:Small",
    ]
    assert published.comparable_runs(study("b"), tmp_path / "results") == []


@pytest.fixture
def reads(monkeypatch) -> list:
    """The names of the files that are read, in turn."""
    seen, read = [], published.read_rows
    monkeypatch.setattr(published, "read_rows", lambda path: seen.append(path.name) or read(path))
    return seen


def test_a_file_is_read_once_until_it_changes(tmp_path, reads):
    folder = tmp_path / "results"
    publish(tmp_path, "quick", rows("a"), "a")
    path = publish(tmp_path, "paper", rows("b"), "b")
    for _ in range(2):
        published.read_all(folder)
        published.comparable_runs(study("a"), folder)
        published.runs_beside(study("a"), rows("a"), folder)
        published.published_rows(study("a", "b"), folder=folder)
    assert reads == ["quick.parquet", "paper.parquet"]

    publish(tmp_path, "paper", rows("c", "d"), "c", "d")
    assert published.read_all(folder)[1].rows["key"].tolist() == ["c", "d"]
    assert reads == ["quick.parquet", "paper.parquet", "paper.parquet"]
    path.unlink()
    assert [run.name for run in published.read_all(folder)] == ["quick"] and len(reads) == 3


def test_what_a_caller_changes_is_changed_for_nobody_else(tmp_path):
    folder = tmp_path / "results"
    publish(tmp_path, "quick", rows("a", "b"), "a", "b")
    (run,) = published.read_all(folder)
    run.rows.loc[0, "acc_I"] = 0.9
    del run.rows["hits_G"]
    run.provenance["settings"]["rows_of"] = "doses"
    del run.provenance["models"]
    given = published.published_rows(study("a"), folder=folder)
    given["method"] = "another"
    (again,) = published.read_all(folder)
    pd.testing.assert_frame_equal(again.rows, rows("a", "b"), check_dtype=False)
    assert again.provenance["settings"]["rows_of"] == "v3" and again.provenance["models"] == 2


def test_a_link_to_nothing_is_named(tmp_path):
    (tmp_path / "gone.parquet").symlink_to(tmp_path / "nowhere")
    with pytest.raises(InputError, match=r"gone\.parquet: no published rows"):
        published.read_all(tmp_path)


def test_a_broken_file_in_the_folder_is_named(tmp_path):
    text(publish(tmp_path, "quick", rows("a"), "a"))
    with pytest.raises(InputError, match=r"quick\.parquet"):
        published.read_all(tmp_path / "results")


def test_the_module_is_there_without_pyarrow():
    """And reading an empty folder needs none."""
    code = (
        "import sys; sys.modules['pyarrow'] = None;"
        "from perso.store.published import *; print(read_all(Path('no')))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.stdout.strip() == "[]", done.stderr


# --- what is in results/


def test_published_encoders_belong_to_published_rows():
    """Red when a file was written under another name than its rows', or without provenance."""
    for path in encoders.encoder_files():
        file = encoders.read_encoders(path)
        run = published.read_rows(path.with_name(path.name.replace(encoders.SUFFIX, ".parquet")))
        assert file.provenance["params"] == run.provenance["params"]
        assert file.provenance["content"] == run.provenance["content"]


def test_what_is_published_fits_the_book():
    """Red when a method was renamed, or a file was exported under another name than its params'."""
    for run in published.read_all():
        assert set(run.rows["method"]) <= {method.name for method in METHODS}
        assert run.provenance["models"] == len(run.rows) <= run.provenance["wanted"]
        # a part of a size's rows has its name and more, like quick-doses
        of = run.provenance["params"]
        assert run.name.startswith(of) and (ROOT / "params" / f"{of}.yml").exists()
        assert published.run_sentence(run)


@pytest.mark.parametrize(
    ("name", "method"),
    [("panel", "TL 0.3 % (1e-4)"), ("panel-sweeps", "TL-n-10 (1e-4)")]
    + [("panel-baselines", name) for name in ("TL 0.3 % (1e-4)", "WiSE-FT 0.1")],
)
def test_what_moved_little_answers_as_the_generic_network_it_is_compared_with(name, method):
    """Red where it started from another one: trained again on another machine, 4 % differ."""
    runs = {run.name: run.rows for run in published.read_all()}
    moved = runs[name][runs[name]["method"] == method]
    generic = pd.concat([runs[name], runs["panel"]]).drop_duplicates("key")
    generic = generic[generic["method"] == "TL-n-0"]
    both = moved.merge(generic, on=["person", "repeat"], suffixes=("", " before"))
    assert len(both) == len(moved) >= 90
    for _, of_fold in both.groupby("fold"):
        same = [
            np.mean(unpacked(after, n) == unpacked(before, n))
            for after, before, n in of_fold[["hits_G", "hits_G before", "n_G"]].itertuples(
                index=False
            )
        ]
        assert np.mean(same) > 0.975


def test_models_of_one_key_agree_on_a_cpu_and_on_a_gpu():
    """Rounding differs and grows in training, so single models differ; over people nothing does."""
    runs = {run.name: run.rows for run in published.read_all()}
    both = runs["standard"].merge(runs["panel"], on="key", suffixes=("", " on a GPU"))
    assert len(both) > 100 and set(both["device"]) != set(both["device on a GPU"])
    for part in ("acc_I", "acc_G"):
        d = (both[f"{part} on a GPU"] - both[part]).groupby(both["person"]).mean()
        assert abs(d.mean()) < 2.5 * d.std() / len(d) ** 0.5 < 0.01
