"""Rows and `sync`: what a synchronisation keeps, by brute force over all orders, and on every layer of networks."""

from itertools import permutations

import pytest
import torch
from torch import Tensor
from zoo import ZOO

from toolkit import WeightSpace
from toolkit.reconnect import rows, start, sync
from toolkit.reconnect.values import Values

NETWORKS = ["mlp", "mlp with batchnorm", "cnn", "resnet", "recurrent", "attention", "tied", "double"]


def random(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def ordered(w: Tensor) -> Tensor:
    return w.sort(dim=-1).values


@pytest.fixture(params=NETWORKS)
def layers(request) -> list[tuple[Tensor, Tensor]]:
    """Of each matrix and filter bank, rows to synchronise and the values they began with."""
    space = WeightSpace(ZOO[request.param]())
    theta = start(space, seed=0)
    wandered = theta + 0.3 * random(space.size).to(theta)
    old, new = space.unflatten(theta), space.unflatten(wandered)
    return [(rows(new[slot.name]), rows(old[slot.name])) for slot in space.layout if len(slot.shape) > 1]


# rows


@pytest.mark.parametrize(
    ("shape", "expected"),
    [((5, 7), (5, 7)), ((4, 3, 2, 2), (4, 12)), ((4, 3, 5), (4, 15)), ((6,), (1, 6)), ((1, 1), (1, 1)), ((2, 0), None)],
)
def test_a_row_is_what_one_unit_takes_in(shape, expected):
    w = torch.arange(torch.Size(shape).numel(), dtype=torch.float32).view(shape)
    if expected is None:
        with pytest.raises(ValueError, match=r"^w must hold the weights of a layer, got shape \[2, 0\]\.$"):
            rows(w)
        return
    assert rows(w).shape == expected and rows(w).data_ptr() == w.data_ptr()
    assert torch.equal(rows(w)[-1], w[-1].flatten() if w.dim() > 1 else w)


@pytest.mark.parametrize(
    ("w", "kind", "message"),
    [
        (torch.tensor([1, 2]), TypeError, "floating-point numbers, got torch.int64.$"),
        ([[1.0]], TypeError, "floating-point numbers, got list.$"),
    ],
)
def test_what_has_no_rows(w, kind, message):
    with pytest.raises(kind, match=f"^w must .*{message}"):
        rows(w)


def test_a_single_number_is_a_row_of_one():
    assert rows(torch.tensor(2.0)).tolist() == [[2.0]]


# sync: the values, bit for bit (L1, L2)


def test_every_row_keeps_its_values(layers):
    moved = 0
    for w, begun in layers:
        found = sync(w, ordered(begun))
        assert torch.equal(ordered(found), ordered(begun)) and found.dtype == begun.dtype
        moved += int((found != begun).sum())
        for norm in (1, 2, float("inf")):
            torch.testing.assert_close(found.norm(norm, dim=1), begun.norm(norm, dim=1))
        torch.testing.assert_close(found.sum(1), begun.sum(1), atol=1e-5, rtol=1e-5)
    assert moved > 100


def test_a_sort_of_the_whole_layer_would_not_keep_them():
    w, begun = random(4, 2, 3, 3, seed=1), random(4, 2, 3, 3, seed=2)
    found = sync(rows(w), ordered(rows(begun)))
    whole = sync(w.view(1, -1), ordered(begun.view(1, -1))).view(4, -1)
    for j in range(4):
        assert torch.equal(ordered(found[j]), ordered(begun[j].flatten()))
    assert not torch.equal(ordered(whole), ordered(rows(begun)))


def test_zeros_and_kinds_of_values_are_counted_as_before():
    begun = torch.randint(-1, 2, (6, 20), generator=torch.Generator().manual_seed(0)) * 0.5
    found = sync(random(6, 20), ordered(begun))
    for value in (-0.5, 0.0, 0.5):
        assert torch.equal((found == value).sum(1), (begun == value).sum(1))


# sync: the order (L3, L4)


def test_the_weights_order_is_the_order_of_the_values(layers):
    for w, begun in layers:
        found = sync(w, ordered(begun))
        assert torch.equal(found.argsort(dim=1), w.argsort(dim=1))


def test_never_against_the_order_even_where_values_repeat():
    w, begun = random(5, 9).round(decimals=0), ordered(random(5, 9, seed=1).round(decimals=0))
    found = sync(w, begun)
    smaller = w[:, :, None] < w[:, None, :]
    assert smaller.any() and (found[:, :, None] <= found[:, None, :])[smaller].all()


def test_equal_weights_keep_their_order():
    assert sync(torch.zeros(2, 40), torch.arange(80.0).view(2, 40)).tolist() == torch.arange(80.0).view(2, 40).tolist()
    found = sync(torch.tensor([[1.0, 0.0, 1.0, 0.0]]), torch.tensor([[1.0, 2.0, 3.0, 4.0]]))
    assert found.tolist() == [[3.0, 1.0, 4.0, 2.0]]


def test_twice_is_once_and_the_start_is_left_alone(layers):
    for w, begun in layers:
        values = ordered(begun)
        once = sync(w, values)
        assert torch.equal(sync(once, values), once) and torch.equal(sync(begun, values), begun)


def test_only_ranks_count():
    w, values = random(6, 11), ordered(random(6, 11, seed=1))
    found, perm = sync(w, values), torch.randperm(11, generator=torch.Generator().manual_seed(2))
    assert torch.equal(sync(w[:, perm], values), found[:, perm])
    assert torch.equal(sync(w * torch.arange(1.0, 7)[:, None] + 100, values), found)
    assert torch.equal(sync(-w, values), -sync(w, ordered(-values)))
    assert torch.equal(sync(-w, values).argsort(1), w.argsort(1, descending=True))


# sync: the projection (L5), by brute force over all orders


@pytest.mark.parametrize("n", range(1, 8))
@pytest.mark.parametrize("ties", [None, "weights", "values", "both"])
def test_no_arrangement_is_nearer(n, ties):
    w, values = random(3, n, seed=n), ordered(random(3, n, seed=100 + n))
    w = w.round(decimals=0) if ties in ("weights", "both") else w
    values = values.round(decimals=0) if ties in ("values", "both") else values
    orders = torch.tensor(list(permutations(range(n))))
    found = sync(w, values).double()
    distances = (w.double()[:, None] - values.double()[:, orders]).square().sum(-1)
    torch.testing.assert_close((w.double() - found).square().sum(1), distances.min(1).values)
    if ties is None:
        assert torch.equal(found, values.double()[:, orders[distances.argmin(1)]].diagonal().T)


# sync: what it means for the network (L6)


def test_a_constant_input_gives_the_same_sums():
    w, begun = random(7, 30), random(7, 30, seed=1)
    torch.testing.assert_close(sync(w, ordered(begun)) @ torch.ones(30), begun @ torch.ones(30), atol=1e-5, rtol=1e-5)


def test_renaming_neurons_commutes():
    first, second = random(6, 9), random(4, 6, seed=1)
    values, following = ordered(random(6, 9, seed=2)), ordered(random(4, 6, seed=3))
    perm = torch.randperm(6, generator=torch.Generator().manual_seed(0))
    assert torch.equal(sync(first[perm], values[perm]), sync(first, values)[perm])
    assert torch.equal(sync(second[:, perm], following), sync(second, following)[:, perm])
    assert not torch.equal(sync(first[perm], values), sync(first, values)[perm])  # the values must come along


def test_many_networks_at_once():
    w, values = random(3, 4, 5), ordered(random(3, 4, 5, seed=1))
    found = sync(w, values)
    assert all(torch.equal(found[i], sync(w[i], values[i])) for i in range(3))


def test_nothing_that_comes_in_is_changed_and_no_gradient_goes_on():
    w, values = random(2, 5).requires_grad_(), ordered(random(2, 5, seed=1))
    copies = w.detach().clone(), values.clone()
    found = sync(w, values.requires_grad_())
    assert torch.equal(w, copies[0]) and torch.equal(values, copies[1]) and not found.requires_grad
    found.zero_()
    assert torch.equal(values, copies[1])


@pytest.mark.parametrize(
    ("theta", "values", "kind", "message"),
    [
        ([[1.0]], torch.ones(1, 1), TypeError, "theta must be a tensor, got list."),
        (torch.ones(1, 1), [[1.0]], TypeError, "sorted_rows must be a tensor, got list."),
        (torch.ones(1, 1).int(), torch.ones(1, 1), TypeError, "theta must hold floating-point numbers"),
        (torch.ones(2, 3), torch.ones(3, 2), ValueError, r"one shape .* got \[2, 3\] and \[3, 2\]."),
        (torch.ones(3), torch.ones(3), ValueError, r"one shape .* got \[3\] and \[3\]."),
        (torch.tensor([[1.0, float("nan")]]), torch.ones(1, 2), ValueError, "theta must be finite, got 1 NaN"),
        (torch.tensor([[1.0, float("-inf")]]), torch.ones(1, 2), ValueError, "theta must be finite, got 1 NaN"),
        (torch.ones(1, 2), torch.tensor([[1.0, float("inf")]]), ValueError, "sorted_rows must be finite"),
        (torch.ones(2, 2), torch.tensor([[1.0, 2.0], [2.0, 1.0]]), ValueError, "ascending order along the last"),
    ],
)
def test_one_sentence_for_bad_input(theta, values, kind, message):
    with pytest.raises(kind, match=message) as error:
        sync(theta, values)
    assert str(error.value).replace("[..., rows, n]", "").count(".") <= 2 and str(error.value).endswith(".")


# values: what the rows began with


def test_values_are_copies_and_name_the_row_that_is_wrong():
    w = random(3, 4)
    values = Values([w, w + 1], ["first", "second"])
    kept = [s.clone() for s in values.sorted_rows]
    values.verify([w.flip(1), w + 1])
    swapped = w.clone()
    swapped[1:] = w[1:].flip(0)  # the same values in the layer, in other rows
    with pytest.raises(ValueError, match="^second must be a permutation of the start to be scored, and row 1 holds"):
        values.verify([w, swapped + 1])
    w.zero_()
    assert all(map(torch.equal, values.sorted_rows, kept))


def test_one_step_of_rounding_is_refused():
    w = random(2, 5)
    other = w.clone()
    other[1, 3] = torch.nextafter(other[1, 3], torch.tensor(9.0))
    with pytest.raises(ValueError, match="row 1 holds other values"):
        Values([w], ["w"]).verify([other])


@pytest.mark.parametrize("ask", ["arrange", "verify"])
def test_rows_must_be_those_of_the_start(ask):
    values = Values([random(2, 5)], ["fc.weight"])
    extra = (1,) if ask == "arrange" else ()
    with pytest.raises(ValueError, match=r"^fc.weight must have the rows of the start, \[2, 5\], got \[5, 2\]\.$"):
        getattr(values, ask)([random(5, 2)], *extra)
    broken = random(2, 5)
    broken[1, 2] = float("nan")
    with pytest.raises(ValueError, match="^fc.weight must be finite, got 1 NaN or infinite values.$"):
        getattr(values, ask)([broken], *extra)
    with pytest.raises(ValueError):
        getattr(values, ask)([], *extra)
    with pytest.raises(ValueError, match="^w must be finite"):
        Values([torch.tensor([[float("inf"), 0.0]])], ["w"])
