"""The network: v3's Fig. 4 by hand, and the independence of lanes."""

from dataclasses import replace

import pytest
import torch
from torch import nn

from perso.training.flops import step_cost
from perso.training.models import LaneDropout, State, empty_network, load_states, split_lanes
from perso.training.recipe import Recipe
from perso.training.vgg import VGG, draw_weights

# v3 Fig. 4: kernel, channels in, channels out of each convolution; the fully connected layer last
FIG_4 = [
    (3, 1, 32),
    (3, 32, 64),
    (3, 64, 128),
    (3, 128, 128),
    (3, 128, 128),
    (1, 128, 128),
    (1, 128, 256),
]
ORDER = "Conv Conv Pool Dropout Conv Conv Pool Conv Conv Pool Conv Pool Dropout FC"


def small(image_size: int = 8, lanes: int = 1) -> VGG:
    return VGG(5, image_size, 1 / 16, lanes)


def seeded(number: int) -> torch.Generator:
    return torch.Generator().manual_seed(number)


def fresh(number: int) -> State:
    """The initial weights of a small model."""
    return draw_weights(small().state_dict(), seeded(number))


def three_lanes() -> tuple[VGG, torch.Tensor, torch.Tensor]:
    """A network of three different models, and two inputs that differ in lane 1 alone."""
    model = small(lanes=3)
    load_states(model, [fresh(n) for n in range(3)])
    first = torch.rand(4, 3, 8, 8, generator=seeded(9))
    second = first.clone()
    second[:, 1] = 1 - first[:, 1]
    return model, first, second


# --- Fig. 4


@pytest.mark.parametrize("classes", [10, 30])
def test_full_width_has_the_filters_of_the_figure(classes):
    model = VGG(classes, 32)
    convolutions = [layer for layer in model.features if isinstance(layer, nn.Conv2d)]
    assert [(c.kernel_size[0], c.in_channels, c.out_channels) for c in convolutions] == FIG_4
    assert tuple(model.classifier.weight.shape) == (classes, 256, 1, 1)
    assert all(
        c.stride == (1, 1) and c.kernel_size[0] == 2 * c.padding[0] + 1 for c in convolutions
    )


@pytest.mark.parametrize(("classes", "by_hand"), [(10, 441_674), (30, 446_814)])
def test_full_width_has_as_many_parameters_as_the_figure(classes, by_hand):
    # weights: 288 + 18,432 + 73,728 + 147,456 + 147,456 + 16,384 + 32,768
    # of each of 864 channels: a bias, and batch norm's scale and shift
    assert (
        sum(kernel**2 * into * out for kernel, into, out in FIG_4) + 3 * 864 + 257 * classes
        == by_hand
    )
    assert sum(p.numel() for p in VGG(classes, 32).parameters()) == by_hand


def test_other_readings_of_the_figure():
    """Batch norm before ReLU; a fully connected layer over all places that the poolings leave."""
    kinds = [type(layer) for layer in VGG(30, 32, norm="before").features[:3]]
    assert kinds == [nn.Conv2d, nn.BatchNorm2d, nn.ReLU]
    for image_size, left in ((8, 1), (16, 1), (32, 2), (64, 4)):
        flat = VGG(30, image_size, pooling="flatten", width=1 / 16, lanes=2)
        assert flat.classifier.weight.shape == (60, 16, left, left)
        assert flat(torch.rand(3, 2, image_size, image_size)).shape == (3, 2, 30)


@pytest.mark.parametrize("image_size", [16, 32])
def test_the_layers_stand_in_the_order_of_the_figure(image_size):
    names = {nn.Conv2d: "Conv", nn.MaxPool2d: "Pool", LaneDropout: "Dropout"}
    model = VGG(30, image_size)
    assert " ".join([*(names[type(x)] for x in model.features if type(x) in names), "FC"]) == ORDER
    assert [x.p for x in model.features if isinstance(x, LaneDropout)] == [0.2, 0.35]


def test_every_convolution_is_followed_by_relu_then_batch_normalisation():
    layers = [type(layer) for layer in small().features]
    after = [
        layers[place + 1 : place + 3] for place, kind in enumerate(layers) if kind is nn.Conv2d
    ]
    assert after == [[nn.ReLU, nn.BatchNorm2d]] * 7


@pytest.mark.parametrize(("image_size", "poolings"), [(8, 3), (16, 4), (32, 4), (64, 4)])
@pytest.mark.parametrize("lanes", [1, 3])
def test_every_image_size_gives_one_row_of_logits_per_lane(image_size, poolings, lanes):
    model = small(image_size, lanes).eval()
    assert sum(isinstance(layer, nn.MaxPool2d) for layer in model.features) == poolings
    assert model(torch.rand(2, lanes, image_size, image_size)).shape == (2, lanes, 5)


@pytest.mark.parametrize("width", [1 / 32, 0.5, 2])
def test_width_multiplies_every_layer(width):
    out = [
        layer.out_channels for layer in VGG(10, 8, width).features if isinstance(layer, nn.Conv2d)
    ]
    assert out == [width * channels for *_, channels in FIG_4]


# --- lanes


@pytest.mark.parametrize("training", [False, True])
def test_a_lane_changes_its_own_logits_alone(training):
    model, first, second = three_lanes()
    model.train(training)
    one, two = model(first), model(second)
    assert torch.equal(one[:, [0, 2]], two[:, [0, 2]])
    assert (one[:, 1] != two[:, 1]).all()


def test_a_lane_changes_its_own_gradients_and_statistics_alone():
    gradients, statistics = [], []
    for choice in (1, 2):
        model, x = three_lanes()[0].train(), three_lanes()[choice]
        model(x, model.masks(len(x), [seeded(n) for n in range(3)], x)).square().sum().backward()
        gradients.append(split_lanes({name: p.grad for name, p in model.named_parameters()}, 3))
        statistics.append(split_lanes({name: b for name, b in model.named_buffers()}, 3))
    for one, two in (gradients, statistics):
        for name in one[0]:
            assert torch.equal(one[0][name], two[0][name]) and torch.equal(
                one[2][name], two[2][name]
            ), name
            assert not torch.equal(one[1][name], two[1][name]), name


def test_each_lane_of_a_fused_network_is_the_single_network():
    model, x, _ = three_lanes()
    fused = model.eval()(x)
    for n, state in enumerate(split_lanes(model.state_dict(), 3)):
        alone = small().eval()
        load_states(alone, [state])
        torch.testing.assert_close(alone(x[:, n : n + 1])[:, 0], fused[:, n])


def test_states_put_in_come_out_again():
    states = [fresh(n) for n in range(3)]
    states[2]["features.2.running_mean"] += 7
    model = small(lanes=3)
    load_states(model, states)
    for put, got in zip(states, split_lanes(model.state_dict(), 3), strict=True):
        assert put.keys() == got.keys()
        assert all(torch.equal(put[name], got[name]) for name in put)


def test_a_lanes_state_is_a_copy():
    model = small(lanes=2)
    state = split_lanes(model.state_dict(), 2)[0]
    before = {name: tensor.clone() for name, tensor in state.items()}
    with torch.no_grad():
        for tensor in model.state_dict().values():
            tensor.add_(1)
    assert all(torch.equal(before[name], state[name]) for name in state)


# --- dropout


def test_dropout_keeps_the_mean_and_draws_each_lane_from_its_own_generator():
    dropout, ones = LaneDropout(0.2, 2, 10), torch.ones(50, 4, 10, 10)
    masks = [dropout.draw(50, [seeded(n) for n in seeds], ones) for seeds in ((1, 2), (1, 3))]
    assert torch.equal(dropout(ones, masks[0]), masks[0])
    assert torch.equal(masks[0][:, :2], masks[1][:, :2])
    assert not torch.equal(masks[0][:, 2:], masks[1][:, 2:])
    assert masks[0].unique().tolist() == pytest.approx([0, 1 / 0.8])
    # 5.7 standard errors of 20,000 draws
    assert masks[0].mean().item() == pytest.approx(1, abs=0.02)


def test_dropout_without_a_mask_leaves_all_alone():
    x = torch.rand(2, 4, 3, 3)
    assert LaneDropout(0.35, 4, 3)(x, None) is x


@pytest.mark.parametrize("image_size", [8, 16, 32])
@pytest.mark.parametrize("lanes", [1, 3])
def test_masks_have_the_shapes_of_their_inputs(image_size, lanes):
    model, met = small(image_size, lanes), []
    for layer in model.features:
        if isinstance(layer, LaneDropout):
            layer.register_forward_hook(
                lambda _, given, out: met.append((given[0].shape, given[1].shape))
            )
    x = torch.rand(4, lanes, image_size, image_size, dtype=torch.float64)
    model.double()(x, model.masks(4, [seeded(n) for n in range(lanes)], x))
    assert len(met) == 2 and all(one == two for one, two in met)


# --- initial weights


def test_equal_seeds_give_equal_weights_and_different_ones_different_weights():
    one, same, other = map(fresh, (1, 1, 2))
    assert all(torch.equal(one[name], same[name]) for name in one)
    drawn = [name for name in one if one[name.rpartition(".")[0] + ".weight"].dim() == 4]
    assert len(drawn) == 2 * 8 and not any(torch.equal(one[name], other[name]) for name in drawn)


def test_initial_weights_fill_a_network():
    assert fresh(0).keys() == small().state_dict().keys()


def test_a_network_to_be_filled_is_the_network():
    model, like = empty_network(lambda: small(lanes=3), "cpu", torch.float64), small(lanes=3)
    assert str(model) == str(like)
    load_states(model, [fresh(n) for n in range(3)])
    load_states(like, [fresh(n) for n in range(3)])
    x = torch.rand(2, 3, 8, 8, generator=seeded(0))
    torch.testing.assert_close(model.eval()(x.double()).float(), like.eval()(x))


def test_initial_weights_are_uniform_within_the_fan_in():
    state = draw_weights(VGG(30, 32).state_dict(), seeded(0))
    weights = [state[name] for name in state if state[name].dim() == 4]
    biases = [state[name[: -len("weight")] + "bias"] for name in state if state[name].dim() == 4]
    for weight, bias in zip(weights, biases, strict=True):
        bound = weight[0].numel() ** -0.5
        assert weight.abs().max() <= bound and bias.abs().max() <= bound
        assert weight.abs().max() > 0.95 * bound and bias.abs().max() > 0.7 * bound
        assert weight.mean().item() == pytest.approx(0, abs=0.15 * bound)
        assert weight.std().item() == pytest.approx(bound / 3**0.5, rel=0.1)


def test_batch_normalisation_starts_as_the_identity():
    state = fresh(0)
    expected = {"weight": [1], "running_var": [1], "bias": [0], "running_mean": [0]}
    for place in (2, 5):
        own = {name: state[f"features.{place}.{name}"].unique().tolist() for name in expected}
        assert own == expected


def test_a_state_that_misses_something_is_an_error():
    model = VGG(3, 8, 0.0625)
    state = draw_weights(model.state_dict(), torch.Generator().manual_seed(0))
    del state["classifier.bias"]
    with pytest.raises(KeyError, match=r"classifier\.bias"):
        load_states(model, [state])


# --- what it costs


def test_the_papers_network_costs_522_megaflop_an_image():
    """By hand, of each layer of Fig. 4 at 32 × 32: 6 × pixels × kernel × channels in × out."""
    layers = [
        (1024, 9, 1, 32),
        (1024, 9, 32, 64),
        (256, 9, 64, 128),
        (256, 9, 128, 128),
        (64, 9, 128, 128),
        (64, 1, 128, 128),
        (16, 1, 128, 256),
        (1, 1, 256, 30),
    ]
    by_hand = sum(6 * pixels * kernel * into * out for pixels, kernel, into, out in layers)
    paper = Recipe(30, (32, 32))
    assert step_cost(paper, 1).flop == by_hand and round(by_hand / 1e6) == 521
    assert step_cost(paper, 128).flop == 128 * by_hand


@pytest.mark.parametrize("lanes", [1, 3])
def test_kept_bytes_are_those_that_a_network_with_data_keeps(lanes):
    model, kept = small(lanes=lanes), {}

    def keep(tensor):
        kept[tensor.untyped_storage().data_ptr()] = tensor.numel() * tensor.element_size()
        return tensor

    x = torch.rand(16, lanes, 8, 8)
    masks = model.masks(16, [seeded(n) for n in range(lanes)], x)
    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        model(x, masks).sum()  # the sum holds the rest of the graph till here
    recipe = Recipe(5, (8, 8), 1 / 16, lanes=lanes)
    found = step_cost(recipe, 16)
    assert found.kept == pytest.approx(sum(kept.values()), rel=0.02)
    assert found.weights == 16 * sum(p.numel() for p in model.parameters())
    # pooling keeps whole indices
    half = replace(recipe, precision="bfloat16")
    assert 0.45 < step_cost(half, 16).kept / found.kept < 0.75


def test_fused_models_cost_as_much_as_they_do_apart():
    one, three = (step_cost(Recipe(5, (8, 8), 1 / 16, lanes=lanes), 16) for lanes in (1, 3))
    assert three == pytest.approx([3 * each for each in one], rel=0.01)
