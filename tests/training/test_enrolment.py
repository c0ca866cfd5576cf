"""Networks that forwarding a few samples makes personal: the encoder, Δ(z), and their training."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn
from torch.func import functional_call
from torch.nn import functional as F

from perso.methods.starts import Enrolled
from perso.training import enrolment
from perso.training.engine import Run, Samples, train
from perso.training.inference import enrolled_state, predict, probabilities_and_features
from perso.training.models import State, load_states
from perso.training.recipe import Recipe, init_state

CLASSES, PEOPLE, SLOTS, QUERIES = 3, 2, 12, 5
START = Enrolled(people=PEOPLE, queries=QUERIES, size=4, steps=10, samples=(1, 3, SLOTS))
VGG = Recipe(CLASSES, (8, 8), 1 / 16, precision="float64", optimiser="adam", enrolment=START)
GRU = replace(VGG, shape=(5, 2), kind="sequences", architecture="gru")
BOTH = pytest.mark.parametrize("recipe", [VGG, GRU], ids=["vgg", "gru"])
DRAW = np.random.default_rng(0)
INPUTS = {
    "images": DRAW.integers(0, 256, (60, 8, 8)).astype(np.uint8),
    "sequences": DRAW.normal(size=(60, 5, 2)).astype(np.float32),
}
LABELS = DRAW.integers(0, CLASSES, 60)
FEW = np.array([4, 17, 33])
SIZE = PEOPLE * (SLOTS + QUERIES)


def having(recipe: Recipe, **fields) -> Recipe:
    """A recipe whose enrolment has other fields."""
    return replace(recipe, enrolment=replace(recipe.enrolment, **fields))


def trained(recipe: Recipe, seed: int = 1, steps: int = 4) -> State:
    """The state after a few steps of Adam."""
    plan = np.random.default_rng(7).integers(0, 60, (steps, SIZE))
    run = Run(plan, [0.02] * steps, init_state(recipe, 3), seed)
    return train(recipe, Samples(INPUTS[recipe.kind], LABELS), [run])[steps][0]


def network(recipe: Recipe, state: State) -> nn.Module:
    """The network with a state, in evaluation mode."""
    model = recipe.network().eval()
    load_states(model, [state])
    return model


def personal(recipe: Recipe, state: State, index) -> State:
    """The network that samples make."""
    return enrolled_state(recipe, INPUTS[recipe.kind], LABELS, state, np.array(index, int))


def shared(state: State) -> State:
    """The weights that people share."""
    begin = enrolment.OF_CLASSIFIER
    return {name.removeprefix(begin): each for name, each in state.items() if begin in name}


def changed(one: State, two: State) -> set[str]:
    """The names of weights that differ."""
    assert one.keys() == two.keys()
    return {name for name in one if not torch.equal(one[name], two[name])}


def largest_difference(one: State, two: State) -> float:
    """The largest difference of any two weights."""
    return max(float((one[name] - two[name]).abs().max()) for name in one)


def batch(recipe: Recipe) -> tuple[torch.Tensor, torch.Tensor]:
    """Samples and classes of one training pass."""
    index = np.random.default_rng(5).integers(0, 60, SIZE)
    x = torch.from_numpy(INPUTS[recipe.kind][index])[:, None]
    return recipe.network().prepare(x, recipe.dtype, recipe.layout), torch.tensor(LABELS[index])[
        :, None
    ]


def masks_of(model: nn.Module, x: torch.Tensor, seed: int = 1) -> tuple:
    """What a training pass draws from a generator of this seed."""
    return model.masks(SIZE, [torch.Generator().manual_seed(seed)], x)


# --- the enrolment is a set


@BOTH
def test_the_order_of_samples_does_not_matter_and_neither_does_repeating_them(recipe):
    model = network(recipe, trained(recipe))
    x, classes = batch(recipe)
    x, classes = x[:3, 0][None], classes[:3, 0][None]
    mean, log_variance = model.posterior_of(x, classes)
    order = torch.tensor([2, 0, 1])
    for other in (
        model.posterior_of(x[:, order], classes[:, order]),
        model.posterior_of(x.repeat_interleave(4, 1), classes.repeat_interleave(4, 1)),
        model.posterior_of(torch.cat([x] * 4, 1), torch.cat([classes] * 4, 1)),
    ):
        torch.testing.assert_close(other, (mean, log_variance), rtol=0, atol=1e-12)
    alone = model.posterior_of(x[:, :1], classes[:, :1])
    assert (alone[0] - mean).abs().max() > 1e-6


@BOTH
def test_a_person_is_enrolled_apart_from_the_others_of_a_step(recipe):
    model = network(recipe, trained(recipe))
    x, classes = batch(recipe)
    x, classes = x[:SLOTS, 0].unflatten(0, (2, -1)), classes[:SLOTS, 0].view(2, -1)
    together = model.posterior_of(x, classes)[0]
    apart = [model.posterior_of(x[[n]], classes[[n]])[0][0] for n in (0, 1)]
    torch.testing.assert_close(together, torch.stack(apart), rtol=0, atol=1e-12)
    assert (together[0] - together[1]).abs().max() > 1e-6


def check_batches(recipe: Recipe, inputs: np.ndarray, state: State, index: np.ndarray) -> None:
    """The answers of a personal network one by one are those of all together."""
    expected = predict(recipe, inputs, state, index)
    assert len({*expected}) > 1
    for size in (1, 7):
        np.testing.assert_array_equal(predict(recipe, inputs, state, index, size), expected)


def test_an_answer_does_not_depend_on_its_batch():
    """For vgg see the last of the trainings below."""
    state = personal(GRU, trained(GRU), FEW)
    check_batches(replace(GRU, enrolment=None), INPUTS["sequences"], state, np.arange(60))


# --- what it changes


def norms_and_matrices() -> tuple[set[str], ...]:
    """Names in VGG: of its last three norms, of its last two matrices, of one layer's bias."""
    layers = dict(replace(VGG, enrolment=None).network().named_modules())
    norms = [name for name, layer in layers.items() if isinstance(layer, nn.BatchNorm2d)]
    matrices = [name for name, layer in layers.items() if isinstance(layer, nn.Conv2d)]
    assert matrices[-1] == "classifier"
    return (
        {f"{name}.{part}" for name in norms[-3:] for part in ("weight", "bias")},
        {f"{name}.weight" for name in matrices[-2:]},
        {f"{matrices[-2]}.bias"},
    )


CASES = [
    (VGG, "scale and shift", norms_and_matrices()[0]),
    (VGG, "low rank", norms_and_matrices()[1]),
    (VGG, "concatenated", norms_and_matrices()[2]),
    (GRU, "scale and shift", {"classifier.weight", "classifier.bias"}),
    (GRU, "low rank", {"hidden.weight", "classifier.weight"}),
    (GRU, "concatenated", {"hidden.bias"}),
]


@pytest.mark.parametrize(
    ("recipe", "sets", "names"), CASES, ids=[f"{r.architecture} {sets}" for r, sets, _ in CASES]
)
def test_samples_change_the_weights_that_sets_names_and_no_others(recipe, sets, names):
    recipe = having(recipe, sets=sets)
    start, end = init_state(recipe, 3), trained(recipe)
    # before training nothing
    assert not changed(personal(recipe, start, FEW), shared(start))
    assert changed(personal(recipe, end, FEW), shared(end)) == names
    assert not changed(personal(recipe, end, []), shared(end))


@BOTH
def test_training_moves_the_shared_weights_and_no_running_statistics(recipe):
    start, end = shared(init_state(recipe, 3)), shared(trained(recipe))
    statistics = {name for name in start if "running" in name}
    assert changed(start, end) == start.keys() - statistics
    assert bool(statistics) == (recipe is VGG)


def test_a_rank_is_that_of_the_change():
    recipe = having(VGG, sets="low rank", rank=1)
    state = trained(recipe)
    change = personal(recipe, state, FEW)["classifier.weight"] - shared(state)["classifier.weight"]
    assert torch.linalg.matrix_rank(change.flatten(1), rtol=1e-9) == 1


# --- one pass of training


@BOTH
@pytest.mark.parametrize("sets", ["scale and shift", "low rank", "concatenated"])
def test_in_use_a_person_has_the_network_that_training_saw(recipe, sets):
    recipe = having(recipe, encoder="deterministic", sets=sets, dropped=0.0)
    state = trained(recipe)
    model = network(recipe, state)
    x, classes = batch(recipe)
    noise, enrolled, *others = masks_of(model, x)
    ones = [torch.ones_like(each) for each in others]
    logits = model(x, (noise, enrolled, *ones), classes)[..., :-1]
    people = x[:, 0].unflatten(0, (PEOPLE, -1))
    z = model.posterior_of(people[:, :SLOTS], classes.view(PEOPLE, -1)[:, :SLOTS])[0]
    for person in range(PEOPLE):
        of_person = {name: each.detach() for name, each in model.personal(z[[person]]).items()}
        alone = network(replace(recipe, enrolment=None), of_person)
        expected = alone(people[person, SLOTS:][:, None])[:, 0]
        torch.testing.assert_close(logits[:, person], expected, rtol=1e-9, atol=1e-9)


@BOTH
@pytest.mark.parametrize("encoder", ["variational", "deterministic"])
def test_who_is_dropped_has_the_network_of_nobody(recipe, encoder):
    recipe = having(recipe, encoder=encoder)
    model = network(recipe, trained(recipe))
    x, classes = batch(recipe)
    noise, _, *others = masks_of(model, x)
    masks = noise, torch.tensor([[0.0], [1.0]], dtype=x.dtype), *others
    found = model(x, masks, classes)
    nobody = functional_call(
        network(having(recipe, encoder="nobody"), trained(recipe)),
        dict(model.state_dict()),
        (x, masks, classes),
    )
    torch.testing.assert_close(found[:, 0], nobody[:, 0], rtol=0, atol=1e-12)
    assert (found[:, 1] - nobody[:, 1]).abs().max() > 1e-6
    assert found[0, 0, -1] == 0
    assert (found[0, 1, -1] > 0) == (encoder == "variational")


def test_nobody_ignores_the_enrolment():
    recipe = having(VGG, encoder="nobody")
    state = trained(recipe)
    assert not changed(personal(recipe, state, FEW), shared(state))
    model = network(recipe, state)
    x, classes = batch(recipe)
    masks = masks_of(model, x)
    other, other_classes = x.clone(), classes.clone()
    for person in range(PEOPLE):
        slots = slice(person * (SLOTS + QUERIES), person * (SLOTS + QUERIES) + SLOTS)
        other[slots] = 1 - other[slots]
        other_classes[slots] = 0
    assert torch.equal(model(x, masks, classes), model(other, masks, other_classes))
    # its encoder and Δ learn nothing
    start = init_state(recipe, 3)
    assert all(
        enrolment.OF_CLASSIFIER in name
        for name in changed(start, {name: each.to(start[name]) for name, each in state.items()})
    )


@BOTH
@pytest.mark.parametrize("labelled", [True, False])
def test_unlabelled_samples_come_without_their_classes(recipe, labelled):
    recipe = having(recipe, labelled=labelled)
    state = trained(recipe)
    one, two = (
        enrolled_state(recipe, INPUTS[recipe.kind], labels, state, FEW)
        for labels in (LABELS, (LABELS + 1) % CLASSES)
    )
    assert bool(changed(one, two)) == labelled


# --- the loss


def test_the_loss_is_the_cross_entropy_of_queries_and_the_penalty():
    recipe = having(VGG, beta=0.5, dropped=0.0)
    model = network(recipe, trained(recipe))
    x, classes = batch(recipe)
    outputs = model(x, masks_of(model, x), classes)
    assert outputs.shape == (QUERIES, PEOPLE, CLASSES + 1)
    of_queries = classes[:, 0].view(PEOPLE, -1)[:, SLOTS:]
    parts = [
        F.cross_entropy(outputs[:, person, :-1], of_queries[person]) + outputs[0, person, -1]
        for person in range(PEOPLE)
    ]
    torch.testing.assert_close(model.loss(outputs, x, classes), sum(parts) / PEOPLE)
    # classes of enrolments are no part of it
    other = classes.clone()
    other[:SLOTS] = 0
    torch.testing.assert_close(model.loss(outputs, x, other), model.loss(outputs, x, classes))


def test_the_penalty_is_the_divergence_from_n_0_1_and_rises_for_half_of_the_steps():
    recipe = having(VGG, beta=0.5, dropped=0.0, steps=8)
    state = trained(recipe)
    model = network(recipe, state | {"passes": torch.zeros(1)})
    x, classes = batch(recipe)
    people = x[:, 0].unflatten(0, (PEOPLE, -1))
    mean, log_variance = model.posterior_of(people[:, :SLOTS], classes.view(PEOPLE, -1)[:, :SLOTS])
    divergence = torch.distributions.kl_divergence(
        torch.distributions.Normal(mean, (log_variance / 2).exp()),
        torch.distributions.Normal(torch.zeros_like(mean), torch.ones_like(mean)),
    ).sum(1)
    for share in (0.25, 0.5, 0.75, 1, 1, 1):
        penalty = model(x, masks_of(model, x), classes)[0, :, -1]
        torch.testing.assert_close(penalty, 0.5 * share * divergence)
    assert (divergence > 0).all()


def test_a_step_counts_as_a_pass_and_use_does_not():
    state = trained(VGG, steps=4)
    assert state["passes"] == 4
    personal(VGG, state, FEW)
    assert state["passes"] == 4


# --- what is drawn at random


def test_noise_and_dropping_come_from_the_generator():
    assert not changed(trained(VGG, seed=1), trained(VGG, seed=1))
    assert largest_difference(trained(VGG, seed=1), trained(VGG, seed=2)) > 1e-4
    model = having(VGG, dropped=0.25, people=2000, size=20).network()
    like = torch.zeros(1, dtype=torch.float64)
    noise, enrolled, *_ = model.masks(1, [torch.Generator().manual_seed(1)], like)
    assert noise.shape == (2000, 20) and enrolled.shape == (2000, 1)
    assert noise.mean().abs() < 0.02 and abs(noise.std() - 1) < 0.02
    assert {*enrolled.flatten().tolist()} == {0, 1} and 0.72 < enrolled.mean() < 0.78


def test_without_a_posterior_there_is_no_noise():
    """Networks of gru have no dropout, so that nothing else is random."""
    certain = having(GRU, encoder="deterministic", dropped=0.0)
    assert not changed(trained(certain, seed=1), trained(certain, seed=2))
    assert changed(
        trained(having(GRU, dropped=0.0), seed=1), trained(having(GRU, dropped=0.0), seed=2)
    )


# --- what it is for


def test_it_learns_whose_samples_it_sees():
    """A person's enrolment is bright or dark, and exchanges two classes of equal queries."""
    draw = np.random.default_rng(1)
    images = draw.integers(0, 100, (400, 8, 8)).astype(np.uint8)
    kind, pattern = np.arange(400) % 2, np.arange(400) // 2 % 2
    images[kind == 1, 0] = 255  # of this kind of person, the first row is bright
    images[pattern == 1, 4:] += 100
    labels = pattern ^ kind
    start = Enrolled("deterministic", people=4, queries=8, size=4, steps=150, samples=(4,))
    recipe = Recipe(2, (8, 8), 1 / 8, optimiser="adam", enrolment=start)
    plan = [
        np.concatenate([draw.choice(np.flatnonzero(kind == person % 2), 12) for person in range(4)])
        for _ in range(start.steps)
    ]
    run = Run(np.array(plan), [0.01] * start.steps, init_state(recipe, 1), 1)
    (state,) = train(recipe, Samples(images, labels), [run])[start.steps]
    for person in range(2):
        own = np.flatnonzero(kind == person)
        one = enrolled_state(recipe, images, labels, state, own[:4])
        alone = replace(recipe, enrolment=None)
        assert (predict(alone, images, one, own) == labels[own]).mean() > 0.9
        check_batches(alone, images, one, own)


# --- what is refused


class Own(nn.Module):
    """A network of the user's own."""

    def __init__(self, classes):
        super().__init__()
        self.head = nn.Linear(64, classes)

    def forward(self, x):
        return self.head(x.flatten(1))


def test_a_network_without_lanes_for_people_is_refused():
    with pytest.raises(ValueError, match="by forwarding samples needs architecture vgg or gru"):
        replace(VGG, architecture=Own).network()


def test_its_lanes_are_people():
    with pytest.raises(ValueError, match="lanes: 2; its lanes are people"):
        VGG.network(2)


def test_the_features_of_a_personal_network_are_those_of_an_ordinary_one():
    state = personal(VGG, trained(VGG), FEW)
    found = probabilities_and_features(replace(VGG, enrolment=None), INPUTS["images"], state, FEW)
    assert found[0].shape == (3, CLASSES) and np.allclose(found[0].sum(1), 1)
