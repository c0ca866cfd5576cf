"""The auto-encoder (v3 Fig. 5), its codes, and the people and samples chosen by them."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from perso.errors import InputError
from perso.methods.grouping import class_means, persons_to_add
from perso.methods.registry import GROUPING, V3, named
from perso.paths import ROOT
from perso.settings import read_params
from perso.study import jobs, plans
from perso.study.study import Study
from perso.training import engine, inference
from perso.training.auto_encoder import AutoEncoder
from perso.training.models import load_states
from perso.training.recipe import Recipe, init_state

TINY = replace(
    read_params(ROOT / "params" / "smoke.yml"),
    width=1 / 8,
    epochs=1,
    encoder_epochs=2,
    device="cpu",
)
RECIPE = Recipe(10, (8, 8), 1 / 4, architecture="autoencoder", latent=6)
DRAWN = np.random.default_rng(0)
# quarters, black or grey
BLOBS = np.kron(DRAWN.integers(0, 2, (96, 2, 2)), np.ones((4, 4))).astype(np.uint8) * 200
GROUPED = tuple(method for method in GROUPING if method.enlarged_by)


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    """A study with auto-encoders; nobody writes into its store."""
    one = Study(TINY, tmp_path_factory.mktemp("encoder") / "rows.sqlite")
    one.run(named("SG-n-1500"), jobs=1)
    return one


# --- Fig. 5


def test_full_width_has_the_filters_of_the_figure():
    model = AutoEncoder(32)
    shapes = [
        [tuple(layer.weight.shape) for layer in part if isinstance(layer, nn.Conv2d)]
        for part in (model.encoder, model.decoder)
    ]
    # Flatten and Dense 16
    assert shapes[0] == [
        (16, 1, 3, 3),
        (32, 16, 3, 3),
        (64, 32, 3, 3),
        (128, 64, 3, 3),
        (128, 128, 3, 3),
        (16, 128, 1, 1),
    ]
    assert sum(isinstance(layer, nn.MaxPool2d) for layer in model.encoder) == 5
    assert model.dense.out_channels == 512 and model.side == 2  # Dense 512, reshaped to 2×2×128
    assert shapes[1] == [
        (128, 128, 3, 3),
        (64, 128, 3, 3),
        (32, 64, 3, 3),
        (16, 32, 3, 3),
        (1, 16, 3, 3),
    ]


def test_relu_then_batch_norm_follow_all_but_the_last_convolution():
    model = AutoEncoder(16)
    kinds = [type(layer) for layer in model.decoder if not isinstance(layer, nn.Upsample)]
    assert kinds == [nn.Conv2d, nn.ReLU, nn.BatchNorm2d] * 4 + [nn.Conv2d, nn.ReLU]
    assert isinstance(model.encoder[-1], nn.Conv2d)


@pytest.mark.parametrize("image_size", [8, 16, 32, 64])
@pytest.mark.parametrize("latent", [2, 16])
def test_reconstructions_have_the_size_of_their_images(image_size, latent):
    model, x = (
        AutoEncoder(image_size, latent, 1 / 16, lanes=3),
        torch.rand(4, 3, image_size, image_size),
    )
    assert model(x).shape == x.shape and model.encode(x).shape == (4, 3, latent)


def test_lanes_do_not_affect_each_other():
    model = AutoEncoder(8, 4, 1 / 8, lanes=3).double().eval()
    one = AutoEncoder(8, 4, 1 / 8)
    states = [one.draw(one.state_dict(), torch.Generator().manual_seed(n)) for n in range(3)]
    load_states(model, states)
    x = torch.rand(5, 3, 8, 8, dtype=torch.float64)
    for lane, state in enumerate(states):
        single = AutoEncoder(8, 4, 1 / 8).double().eval()
        load_states(single, [state])
        alone = x[:, lane : lane + 1]
        assert torch.allclose(model(x)[:, lane], single(alone)[:, 0], atol=1e-12)
        assert torch.allclose(model.encode(x)[:, lane], single.encode(alone)[:, 0], atol=1e-12)


def test_the_loss_is_the_mean_square_over_pixels_for_every_lane():
    made, x = torch.zeros(2, 3, 4, 4), torch.ones(2, 3, 4, 4)
    made[:, 1] = 1
    made[0, 2] = 3
    assert AutoEncoder.loss(made, x, None).item() == pytest.approx(1 + 0 + (4 + 1) / 2)


# --- the engine trains it


def trained(recipe: Recipe, iterations=150, seeds=(0,)):
    rates = np.full(iterations, 1e-3)
    runs = [
        engine.Run(
            np.random.default_rng(seed).integers(0, 64, (iterations, 16)),
            rates,
            init_state(recipe, seed),
            seed,
        )
        for seed in seeds
    ]
    samples = engine.Samples(BLOBS, np.zeros(len(BLOBS), int))
    return engine.train(recipe, samples, runs)[iterations]


def test_it_learns_to_reconstruct_images_it_has_not_seen():
    (state,) = trained(RECIPE)
    made = inference.reconstruct(RECIPE, BLOBS, state, np.arange(64, 96))
    target = BLOBS[64:] / 255
    constant = np.mean((target - BLOBS[:64].mean(0) / 255) ** 2)
    assert made.shape == target.shape and np.mean((made - target) ** 2) < constant / 4


def test_two_trainings_give_bitwise_equal_codes():
    codes = [inference.encode(RECIPE, BLOBS, trained(RECIPE)[0], np.arange(96)) for _ in range(2)]
    assert codes[0].shape == (96, 6) and codes[0].dtype == np.float32 and np.array_equal(*codes)
    assert np.ptp(codes[0], axis=0).min() > 0


def test_models_trained_together_equal_models_trained_alone():
    exact = replace(RECIPE, precision="float64")
    fused = trained(replace(exact, lanes=3), 5, (0, 1, 2))
    for seed, state in enumerate(fused):
        (alone,) = trained(exact, 5, (seed,))
        assert all(torch.allclose(state[name], alone[name], atol=1e-9) for name in alone)


# --- the study stores and reuses it


def test_codes_are_those_of_another_run(study, tmp_path):
    other = Study(TINY, tmp_path / "rows.sqlite")
    for fold in (0, 1):
        assert np.array_equal(study.codes(fold), other.codes(fold), equal_nan=True)


def test_codes_are_of_training_images_alone(study):
    for number, fold in enumerate(study.folds):
        coded = set(np.flatnonzero(~np.isnan(study.codes(number)).any(axis=1)))
        train = [study.data.splits.train[person] for person in fold.individuals]
        assert coded == set(np.concatenate([fold.global_train, *train]))


def test_an_encoder_learns_from_training_images_alone(study, asked_for):
    tests = np.concatenate([*study.data.splits.test.values()])
    for number, fold in enumerate(study.folds):
        jobs.train_encoder(study.data, number, "key")
        learnt = set(asked_for[-1].ravel())
        train = [study.data.splits.train[person] for person in fold.individuals]
        assert learnt == set(np.concatenate([fold.global_train, *train])) and not learnt & set(
            tests
        )


def test_a_stored_encoder_is_not_trained_again(study, monkeypatch):
    monkeypatch.setattr(jobs, "train_encoder", None)
    assert study.codes().shape == (len(study.data.inputs), TINY.latent)


def test_an_encoder_is_one_for_all_methods_of_a_fold(study):
    jobs = study.jobs(method for method in GROUPED if method.needs_encoder)
    assert {(job.fold, job.base) for job in jobs} == {
        (fold, study.encoder_key(fold)) for fold in (0, 1)
    }
    assert study.encoder_key(0) != study.encoder_key(1)


@pytest.mark.parametrize(
    "change", [{"latent": 4}, {"encoder_epochs": 3}, {"seed": 1}, {"width": 0.25}]
)
def test_what_changes_codes_changes_the_keys_of_what_they_choose(study, change):
    other = Study(replace(TINY, **change), study.store.path)
    assert other.encoder_key(0) != study.encoder_key(0)
    near, random = named("IG-n-5", "SG-n-1500"), named("BaseLine-n-1500")
    assert not set(other.keys(near)) & set(study.keys(near))
    if set(change) <= {"latent", "encoder_epochs"}:
        assert other.keys(random) == study.keys(random)


# --- D'_I


@pytest.mark.parametrize("method", GROUPED, ids=lambda method: method.name)
def test_what_is_added_is_training_data_of_d_g_and_nothing_twice(study, method):
    parts, fold = study.data.splits, study.folds[0]
    persons = persons_to_add(method.percent, len(fold.global_people))
    for person in fold.individuals:
        own = set(parts.train[person])
        images = plans.enlarge(study.data, fold, method, person, 0, study.codes())
        added = set(images) - own
        assert len(images) == len(set(images)) and added <= set(fold.global_train)
        assert own <= set(images) if method.with_own else not own & set(images)
        assert not set(images) & set(np.concatenate([*parts.test.values()]))
        if method.enlarged_by.endswith("persons"):
            assert any(added == set(parts.train[other]) for other in fold.global_people)
        else:
            assert len(added) == round(persons / 2 * len(fold.global_train))


def test_more_persons_are_more_and_far_is_the_other_end(tmp_path):
    """Ten people in D_G: 5 of 100 are one of them, 21 are three."""
    many = Study(
        replace(TINY, exchange=False, individuals=2, global_people=10), tmp_path / "rows.sqlite"
    )
    data, fold, codes = many.data, many.folds[0], many.codes()
    person = fold.individuals[0]
    order = plans.rank_persons(data, fold, person, codes, 10)
    expected = {
        "IG-n-5": order[:1],
        "IG-n-21": order[:3],
        "far IG-n-5": order[-1:],
        "far IG-n-21": order[-3:],
    }
    for method in named(*expected, table="grouping"):
        added = set(plans.enlarge(data, fold, method, person, 0, codes)) - set(
            data.splits.train[person]
        )
        assert added == set(
            np.concatenate([data.splits.train[other] for other in expected[method.name]])
        )


def test_means_of_all_people_at_once_are_those_of_each_to_the_last_bit(study):
    data, fold = study.data, study.folds[0]
    codes = study.codes()
    means = plans.means_of_people(data, fold, codes)
    assert list(means.of_people) == list(fold.global_people)
    for person, found in means.of_people.items():
        own = data.splits.train_of_all[person]
        plain = class_means(codes[own], data.labels[own], data.classes)
        assert np.array_equal(found, plain, equal_nan=True)


def test_samples_are_encoded_once_for_all_jobs_of_a_fold(study, monkeypatch):
    calls = []
    plain = jobs.codes_of
    monkeypatch.setattr(jobs, "ENCODED", {})
    monkeypatch.setattr(jobs, "codes_of", lambda *given: calls.append(given) or plain(*given))
    key, weights = study.encoder_key(0), study.encoder(0)
    first, again = (jobs.encoded(study.data, study.folds[0], key, weights) for _ in range(2))
    assert again is first and len(calls) == 1
    jobs.encoded(study.data, study.folds[1], study.encoder_key(1), study.encoder(1))
    jobs.encoded(study.data, study.folds[0], key, weights)
    assert len(calls) == 3 and len(jobs.ENCODED) == 1


def test_random_samples_differ_for_every_person_and_repeat(study):
    fold, (method,) = study.folds[0], named("BaseLine-n-1500")
    drawn = [
        plans.enlarge(study.data, fold, method, person, repeat, None)
        for person in fold.individuals
        for repeat in (0, 1)
    ]
    assert len({tuple(sorted(each)) for each in drawn}) == len(drawn)


def test_sample_weighing_draws_every_second_batch_from_the_enlarged_data(study):
    fold, (method,), person = study.folds[0], named("IG-n-5"), study.folds[0].individuals[0]
    from_I, plan = plans.index_plan(study.data, fold, method, person, 0, study.codes())
    images = plans.enlarge(study.data, fold, method, person, 0, study.codes())
    assert np.isin(plan[from_I], images).all() and np.isin(plan[from_I], fold.global_train).any()
    assert from_I.mean() == pytest.approx(0.5, abs=0.1)


def test_grouping_is_trained_in_pieces_as_in_one_go(study, tmp_path):
    methods = named("SG-n-1500", "IG-n-5", "BaseLine-n-1500")
    pieces = Study(TINY, tmp_path / "rows.sqlite")
    pieces.run(methods[:1], jobs=1)
    assert len(pieces.store.keys("networks")) == 0  # random samples need none
    pieces.run(methods[1:], jobs=1)
    columns = ["key", "method", "person", "acc_I", "acc_G"]
    assert pieces.rows(methods)[columns].equals(pieces.run(methods, jobs=1)[columns])
    (nearest,) = named("SG-n-1500")
    assert pieces.rows([nearest])[columns].equals(study.rows([nearest])[columns])


def test_grouping_people_of_a_pool_is_refused():
    counts = read_params(ROOT / "params" / "quick-counts.yml")
    message = (
        "rows_of: v3 groups the people of D_G, but class counts make D_G one pool of samples; "
        "possible: relative, v1, doses, sweeps, readings, contexts"
    )
    with pytest.raises(InputError, match=f"^{message}$"):
        Study(replace(counts, rows_of="v3"), "nowhere.sqlite")
    assert not any(method.enlarged_by for method in Study(counts, "nowhere.sqlite").methods)


def test_v3s_table_has_its_six_rows_of_grouping():
    assert [m.name for m in V3 if m.family == "data grouping"] == [
        "BaseLine-n-1500",
        "BaseLine-n-6500",
        "IG-n-5",
        "IG-n-21",
        "SG-n-1500",
        "SG-n-6500",
    ]
