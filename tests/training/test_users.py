"""A GRU that is told whose sample it sees, or learns to name the user."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F

from perso.training.engine import Run, Samples, Trainer, train
from perso.training.flops import forward_flops, network_sizes, step_cost
from perso.training.gru import GRU
from perso.training.inference import predict, probabilities_and_features
from perso.training.models import State, load_states
from perso.training.recipe import Recipe, init_state
from perso.training.subsets import check_head, matrix_names, trained_names
from perso.training.users import TOLD

CLASSES, STEPS, FEATURES, UNITS, USERS, SIZE = 3, 4, 5, 4, 3, 2
PLAIN = Recipe(
    CLASSES,
    (STEPS, FEATURES),
    UNITS / 64,
    kind="sequences",
    architecture="gru",
    precision="float64",
)
GATES = replace(PLAIN, users=USERS, told="gates", embedding=SIZE)
HEAD = replace(PLAIN, users=USERS, user_head=0.5)
EACH = pytest.mark.parametrize("told", TOLD)
DRAW = np.random.default_rng(0)
SEQUENCES = DRAW.normal(size=(60, STEPS, FEATURES)).astype(np.float32)
LABELS = DRAW.integers(0, CLASSES, 60)
IDS = np.arange(60) % (1 + USERS)
KNOWN, UNKNOWN = Samples(SEQUENCES, LABELS, IDS), Samples(SEQUENCES, LABELS)


def run_of(recipe: Recipe, number: int, samples=range(60)) -> Run:
    """A run whose number decides its plan, its start and its seed."""
    plan = np.random.default_rng(number).choice(samples, (5, 16))
    return Run(plan, [0.02] * 5, init_state(recipe, number), number)


def trained(recipe: Recipe, samples: Samples, run: Run) -> State:
    """The end of one run."""
    return train(recipe, samples, [run])[5][0]


def same(one: State, two: State) -> bool:
    """Whether two models are equal to the bit."""
    return one.keys() == two.keys() and all(torch.equal(one[name], two[name]) for name in one)


def network(recipe: Recipe) -> GRU:
    """A network of one model, with its initial weights."""
    model = recipe.network()
    load_states(model, [init_state(recipe, 1)])
    return model


def batch(n: int = 8) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Sequences, classes and users of one lane; every user occurs, and the unknown one."""
    x, classes, users = (torch.tensor(array[:n]) for array in KNOWN)
    return x.double()[:, None], classes[:, None], users[:, None]


# --- the equations


@EACH
def test_a_sample_is_answered_as_by_pytorchs_gru_with_its_users_weights(told):
    model = network(replace(GATES, told=told))
    state = {name: tensor.detach() for name, tensor in model.state_dict().items()}
    gru = nn.GRU(FEATURES + (SIZE if told == "input" else 0), UNITS, batch_first=True).double()
    x, _, users = batch()
    for sample, user, found in zip(x[:, 0], users[:, 0], model(x, users=users)[:, 0], strict=True):
        e = state["users.weight"][user]
        mapped = state["user_map.weight"] @ e if told != "input" else None
        scale = 1 + mapped if told == "gates" else torch.ones(3 * UNITS)
        gru.load_state_dict(
            {
                "weight_ih_l0": state["input.weight"],
                "bias_ih_l0": state["input.bias"],
                "weight_hh_l0": state["hidden.weight"] * scale[:, None],
                "bias_hh_l0": state["hidden.bias"] * scale,
            }
        )
        if told == "input":
            sample = torch.cat([sample, e.expand(STEPS, -1)], 1)
        start = torch.tanh(mapped) if told == "state" else torch.zeros(UNITS).double()
        last = gru(sample[None], start[None, None])[1][0, 0]
        if told == "film":
            last = (1 + mapped[:UNITS]) * last + mapped[UNITS:]
        expected = state["classifier.weight"] @ last + state["classifier.bias"]
        torch.testing.assert_close(found, expected, rtol=1e-12, atol=1e-12)


def test_without_users_its_names_and_its_draws_are_those_of_a_plain_gru():
    shapes = {
        "input.weight": (3 * UNITS, FEATURES),
        "input.bias": (3 * UNITS,),
        "hidden.weight": (3 * UNITS, UNITS),
        "hidden.bias": (3 * UNITS,),
        "classifier.weight": (CLASSES, UNITS),
        "classifier.bias": (CLASSES,),
    }
    draw, bound = torch.Generator().manual_seed(7), UNITS**-0.5
    expected = {
        name: torch.empty(shape).uniform_(-bound, bound, generator=draw)
        for name, shape in shapes.items()
    }
    assert same(init_state(PLAIN, 7), expected) and [*init_state(PLAIN, 7)] == [*shapes]


def test_an_embedding_starts_uniform_by_its_own_size():
    values = init_state(replace(GATES, users=99, embedding=16), 0)["users.weight"]
    assert values.shape == (100, 16) and 0.24 < values.abs().max() <= 0.25


# --- lanes


@pytest.mark.parametrize(
    "fields",
    [
        *({"told": told, "unknown": 0.3} for told in TOLD),
        {"user_head": 0.5},
        {"user_head": -0.5, "fed": True},
        {"user_head": 0.5, "told": "film", "fed": True},
        {"told": "state", "trains": "user"},
        {"told": "input", "trains": "low rank 1"},
    ],
    ids=str,
)
def test_models_at_once_are_models_apart(fields):
    # with weight decay, as Adam moves a gradient of 0 by its rounding error
    recipe = replace(PLAIN, users=USERS, weight_decay=0.1, **fields)
    runs = [run_of(recipe, number) for number in (1, 2, 3)]
    for run, state in zip(runs, train(replace(recipe, lanes=3), KNOWN, runs)[5], strict=True):
        apart = trained(recipe, KNOWN, run)
        torch.testing.assert_close(state, apart, rtol=1e-9, atol=1e-9)
        assert not same(apart, trained(recipe, UNKNOWN, run))


# --- which rows move


@EACH
def test_without_users_the_row_of_user_0_alone_moves(told):
    recipe = replace(GATES, told=told, trains="user", precision="float32")
    run = run_of(recipe, 1)
    state = trained(recipe, UNKNOWN, run)
    moved = {name for name in state if not torch.equal(state[name], run.state[name])}
    assert moved == {"users.weight"}
    rows = (state["users.weight"] != run.state["users.weight"]).all(1)
    assert rows.tolist() == [True] + USERS * [False]


@EACH
@pytest.mark.parametrize("trains", ["user", "all"])
def test_the_rows_of_a_batchs_users_alone_move(told, trains):
    recipe = replace(GATES, told=told, trains=trains, precision="float32")
    run = run_of(recipe, 1, np.flatnonzero(np.isin(IDS, (1, 3))))
    found = trained(recipe, KNOWN, run)["users.weight"]
    moved = found != run.state["users.weight"]
    assert moved.all(1).tolist() == moved.any(1).tolist() == [False, True, False, True]


def test_a_network_without_an_embedding_has_none_to_train():
    with pytest.raises(ValueError, match='cannot train "user"; it can train all, head'):
        train(replace(PLAIN, trains="user"), UNKNOWN, [run_of(PLAIN, 1)])


def test_the_embedding_is_no_matrix_and_no_part_of_the_last_block():
    model = replace(GATES, user_head=1.0).network()
    assert trained_names(model, "user") == ["users.weight"]
    assert "users.weight" not in matrix_names(model)
    layers = [f"{name}.{kind}" for name in ("hidden", "classifier") for kind in ("weight", "bias")]
    assert trained_names(model, "last block") == layers


# --- users that are hidden


def test_what_is_always_hidden_does_not_matter():
    others = KNOWN._replace(users=IDS[::-1].copy())
    for unknown, expected in ((1.0, True), (0.0, False)):
        recipe = replace(GATES, unknown=unknown)
        run = run_of(recipe, 1)
        assert same(trained(recipe, KNOWN, run), trained(recipe, others, run)) == expected
    assert same(trained(GATES, UNKNOWN, run), trained(replace(GATES, unknown=1.0), KNOWN, run))


def test_a_share_is_hidden_anew_in_each_step_by_each_lanes_own_generator():
    model, like = replace(GATES, unknown=0.25).network(2), torch.zeros(1)
    (one,), (two,) = (
        model.masks(4000, [torch.Generator().manual_seed(seed) for seed in seeds], like)
        for seeds in ((1, 2), (1, 3))
    )
    assert one.shape == (4000, 2) and {*one.flatten().tolist()} == {0, 1}
    assert 0.72 < one.float().mean() < 0.78
    assert torch.equal(one[:, 0], two[:, 0]) and not torch.equal(one[:, 1], two[:, 1])
    generators = [torch.Generator().manual_seed(1)] * 2
    assert not torch.equal(*(model.masks(9, generators, like)[0] for _ in range(2)))
    assert GATES.network().masks(9, generators[:1], like) == ()


# --- the user head


def gradients(recipe: Recipe, with_users: bool) -> dict[str, torch.Tensor]:
    """The gradients of a training's loss, by the name of the weight."""
    model = network(recipe)
    x, classes, users = batch()
    outputs = model(x, users=users)
    model.loss(outputs, x, classes, users if with_users else None).backward()
    return {name: weight.grad for name, weight in model.named_parameters()}


@pytest.mark.parametrize("fed", [False, True])
@pytest.mark.parametrize("told", ["", "input", "state"])
def test_below_0_the_shared_layers_alone_get_the_opposite_gradient(fed, told):
    up, down = (replace(HEAD, told=told, fed=fed, user_head=each) for each in (0.5, -0.5))
    of_classes, other = gradients(up, False), gradients(down, False)
    with_users, reversed_ = gradients(up, True), gradients(down, True)
    for name, gradient in of_classes.items():
        if gradient is None:  # of a head whose loss is left out
            assert name.startswith("user_head")
            torch.testing.assert_close(with_users[name], reversed_[name])
            continue
        torch.testing.assert_close(gradient, other[name])  # the classes' is never reversed
        learnt, unlearnt = (each[name] - gradient for each in (with_users, reversed_))
        if name.startswith("classifier"):
            assert not learnt.any() and not unlearnt.any()
        else:
            assert learnt.any()
            expected = learnt if name.startswith("user_head") else -learnt
            torch.testing.assert_close(unlearnt, expected)


@pytest.mark.parametrize("strength", [0.5, -2.0])
def test_samples_of_user_0_add_nothing_to_the_loss_of_users(strength):
    model = network(replace(HEAD, user_head=strength))
    x, classes, users = batch()
    outputs = model(x, users=users)
    assert outputs.shape == (8, 1, CLASSES + USERS)
    named = outputs[:, 0, CLASSES:].log_softmax(1)
    by_hand = -sum(named[n, user - 1] for n, user in enumerate(users[:, 0].tolist()) if user)
    expected = F.cross_entropy(outputs[:, 0, :CLASSES], classes[:, 0])
    torch.testing.assert_close(model.loss(outputs, x, classes), expected)
    torch.testing.assert_close(model.loss(outputs, x, classes, 0 * users), expected)
    expected = expected + abs(strength) * by_hand / 8
    torch.testing.assert_close(model.loss(outputs, x, classes, users), expected)


@pytest.mark.parametrize("fields", [{}, {"fed": True}, {"told": "film", "fed": True}], ids=str)
def test_in_use_the_logits_of_classes_are_all_there_is(fields):
    model = network(replace(HEAD, **fields))
    x, _, users = batch()
    trained, used = model.train()(x, users=users), model.eval()(x, users=users)
    assert used.shape == (8, 1, CLASSES) and torch.equal(trained[..., :CLASSES], used)
    check_head(model, x)


def test_a_fed_head_gives_its_probabilities_to_the_main_head():
    recipe = replace(HEAD, fed=True)
    state = init_state(recipe, 1)
    _, features = probabilities_and_features(recipe, SEQUENCES, state, np.arange(6))
    assert features.shape == (6, UNITS + USERS)
    weight, bias = (state[f"user_head.{kind}"].numpy() for kind in ("weight", "bias"))
    logits = torch.tensor(features[:, :UNITS] @ weight.T + bias)
    np.testing.assert_allclose(features[:, UNITS:], logits.softmax(1), rtol=1e-5)


# --- what it is for


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_it_learns_what_each_user_means(precision):
    """The class is the sign of one number, and every second user has it turned round."""
    users = np.random.default_rng(2).integers(1, 5, 600)
    labels = (SEQUENCES[np.arange(600) % 60, 0, 0] > 0) ^ (users % 2 == 0)
    samples = Samples(SEQUENCES[np.arange(600) % 60], labels.astype(int), users)
    recipe = replace(GATES, users=4, told="film", width=1 / 4, classes=2, precision=precision)
    run = Run(np.random.default_rng(1).integers(0, 600, (300, 32)), [0.02] * 300, {}, 1)
    (state,) = train(recipe, samples, [replace(run, state=init_state(recipe, 1))])[300]
    for user in range(1, 5):
        # a network in use answers as for user 0
        state["users.weight"][0] = state["users.weight"][user]
        of_user = np.flatnonzero(users == user)
        answers = predict(recipe, samples.inputs, state, of_user)
        assert (answers == samples.labels[of_user]).mean() > 0.95


@pytest.mark.parametrize("recipe", [GATES, replace(HEAD, fed=True)], ids=["gates", "fed"])
def test_an_answer_depends_on_row_0_and_not_on_its_batch(recipe):
    state = trained(recipe, KNOWN, run_of(recipe, 1))
    index = np.arange(60)
    expected = predict(recipe, SEQUENCES, state, index)
    assert len({*expected}) > 1
    for size in (1, 7):
        np.testing.assert_array_equal(predict(recipe, SEQUENCES, state, index, size), expected)
    if "users.weight" in state:
        state["users.weight"][1:] = torch.nan
        np.testing.assert_array_equal(predict(recipe, SEQUENCES, state, index), expected)
        state["users.weight"][0] = torch.nan
        assert (predict(recipe, SEQUENCES, state, index) != expected).any()


# --- what a step asks of the device


@pytest.mark.parametrize("told", ["", *TOLD])
@pytest.mark.parametrize("fields", [{"user_head": 0.5}, {"user_head": -0.5, "fed": True}], ids=str)
def test_a_pass_needs_no_number_from_the_device_and_is_one_graph(told, fields):
    recipe = replace(PLAIN, users=USERS, told=told, unknown=0.5 if told else 0.0, **fields)
    on_meta = replace(recipe, device="meta", precision="float32", lanes=2).network(2)
    x = torch.zeros(4, 2, STEPS, FEATURES, device="meta")
    classes = torch.zeros(4, 2, dtype=torch.int64, device="meta")
    masks = on_meta.masks(4, [torch.Generator()] * 2, x)
    # tensors on "meta" have no numbers: what reads one fails
    on_meta.loss(on_meta(x, masks, users=classes), x, classes, classes).backward()
    model = network(recipe)
    x, _, users = batch()
    masks = model.masks(8, [torch.Generator().manual_seed(0)], x)
    torch.compiler.reset()  # else the cases together pass its limit
    compiled = torch.compile(GRU.forward, fullgraph=True, dynamic=False, backend="eager")
    assert torch.equal(compiled(model, x, masks, users=users), model(x, masks, users=users))


def test_its_sizes_and_arithmetic_are_counted():
    sizes = network_sizes(GATES)["parameters"] - network_sizes(PLAIN)["parameters"]
    assert sizes == (1 + USERS) * SIZE + 3 * UNITS * SIZE
    assert forward_flops(GATES) - forward_flops(PLAIN) == 2 * 3 * UNITS * SIZE
    assert forward_flops(HEAD) == forward_flops(PLAIN)  # not computed in use
    assert step_cost(HEAD, 16).flop > step_cost(PLAIN, 16).flop


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA GPU")
@pytest.mark.parametrize("told", TOLD)
def test_a_graph_trains_it_on_a_gpu(told, capsys):
    recipe = replace(HEAD, told=told, fed=True, optimiser="sgd", lanes=2)
    runs = [run_of(recipe, number) for number in (1, 2)]
    gpu = replace(recipe, device="cuda", graph=True)
    found, expected = (train(each, KNOWN, runs)[5] for each in (gpu, recipe))
    torch.testing.assert_close(found, expected, rtol=1e-7, atol=1e-7)
    assert not capsys.readouterr().err


# --- what is refused


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"architecture": "vgg", "users": 3, "told": "gates"}, "told.*: only .* gru"),
        ({"architecture": "autoencoder", "users": 3, "user_head": 1.0}, "user_head.*: only .* gru"),
        ({"architecture": nn.Linear, "users": 3, "told": "film"}, "told.*: only .* gru"),
        ({"users": 3, "told": "output"}, 'told: "output" is unknown; possible: input, state'),
        ({"users": -1, "told": "input"}, "users: -1; needed"),
        ({"told": "input"}, "users: 0; told and user_head need"),
        ({"user_head": 0.1}, "users: 0; told and user_head need"),
        ({"users": 3}, "users: 3, but nothing uses them"),
        ({"users": 3, "told": "input", "embedding": 0}, "embedding: 0; needed"),
        ({"users": 3, "told": "input", "unknown": 1.5}, "unknown: 1.5; needed is a share"),
        ({"users": 3, "user_head": 1.0, "unknown": 0.5}, "unknown: 0.5, but no user is told"),
        ({"users": 3, "user_head": float("nan")}, "user_head: nan; needed"),
        ({"users": 3, "told": "input", "fed": True}, "fed: there is no user head"),
    ],
    ids=str,
)
def test_fields_that_are_no_network_are_refused(fields, message):
    with pytest.raises(ValueError, match=message):
        replace(PLAIN, **fields)


@pytest.mark.parametrize(
    ("recipe", "ids", "message"),
    [
        (GATES, IDS + 1, "4 is unknown; users are 0 … 3"),
        (GATES, IDS - 1, "-1 is unknown"),
        (GATES, IDS[:-1], r"int64 \[59\]; needed are integers \[60\]"),
        (GATES, IDS * 1.0, "float64"),
        (PLAIN, 0 * IDS, "this network has no users"),
    ],
)
def test_users_that_a_network_does_not_have_are_refused(recipe, ids, message, monkeypatch):
    monkeypatch.setattr(Trainer, "advance", None)
    with pytest.raises(ValueError, match=f"samples.users: .*{message}"):
        train(recipe, KNOWN._replace(users=ids), [run_of(recipe, 1)])
