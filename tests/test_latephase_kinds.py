"""Rank-1 weights and the linear hypernetwork: what their numbers do to the matrices, and to averages."""

import pytest
import torch
from latephase_by_hand import ALIKE, made
from zoo import ZOO

from toolkit.latephase import Hypernetwork, Rank1

# Rank 1


def ones_and_more(name):
    space, part, shared, phi = made(name, "rank1")
    assert isinstance(part, Rank1)
    return space, part, shared, phi


@pytest.mark.parametrize("name", ZOO)
def test_rank_one_weights_are_theta_times_u_times_v(name):
    space, part, shared, phi = ones_and_more(name)
    found, theta, start = space.unflatten(part.weights(shared, phi)), space.unflatten(shared), 0
    for slot in space.layout:
        expected = theta[slot.name]
        if len(slot.shape) > 1:
            out, into = slot.shape[:2]
            u, v = phi[start : start + out], phi[start + out : start + out + into]
            start += out + into
            expected = torch.einsum("o,i,oi...->oi...", u, v, expected)
        torch.testing.assert_close(found[slot.name], expected, rtol=1e-12, atol=0)
    assert start == len(phi)


@pytest.mark.parametrize("name", ["mlp", "cnn", "recurrent"])
def test_eulers_identities(name):
    space, part, shared, phi = ones_and_more(name)
    g = torch.randn(space.size, generator=torch.Generator().manual_seed(1), dtype=torch.double)
    to_shared, to_phi = part.share(shared, phi, g)
    w = part.weights(shared, phi)
    for (slot, u, v), (_, du, dv) in zip(part.vectors(phi), part.vectors(to_phi), strict=True):
        where = slice(slot.start, slot.stop)
        along = [w[where] @ g[where], shared[where] @ to_shared[where], u @ du, v @ dv]
        torch.testing.assert_close(torch.stack(along), along[0].expand(4), rtol=1e-10, atol=1e-12)


def test_the_mean_of_outer_products_is_the_product_of_means_and_the_covariance():
    space, part, shared, phi = ones_and_more("mlp")
    dice = torch.Generator().manual_seed(8)
    phis = phi + 0.5 * torch.randn(6, len(phi), generator=dice, dtype=torch.double)
    mean = torch.stack([part.weights(shared, one) for one in phis]).mean(0)
    of_means = part.weights(shared, phis.mean(0))
    per_member = [part.vectors(one) for one in phis]
    for i, (slot, ubar, vbar) in enumerate(part.vectors(phis.mean(0))):
        u, v = (torch.stack([vectors[i][side] for vectors in per_member]) for side in (1, 2))
        covariance = torch.einsum("ko,ki->oi", u - ubar, v - vbar) / 6
        theta, apart = (x[slot.start : slot.stop].view(slot.shape) for x in (shared, mean - of_means))
        torch.testing.assert_close(apart, theta * covariance, rtol=1e-9, atol=1e-12)
        assert apart.abs().max() > 1e-3


# Hypernetwork


@pytest.mark.parametrize("name", ALIKE)
def test_layers_of_one_shape_mix_each_others_templates(name):
    space, part, shared, phi = made(name, "hypernetwork")
    found, templates, banks, start = space.unflatten(part.weights(shared, phi)), space.unflatten(shared), {}, 0
    for slot in space.layout:
        if len(slot.shape) > 1:
            banks.setdefault(slot.shape, []).append(slot.name)
    for names in banks.values():
        if len(names) > 1:
            for name in names:
                mix = phi[start : start + len(names)]
                start += len(names)
                expected = sum(number * templates[other] for number, other in zip(mix, names, strict=True))
                torch.testing.assert_close(found.pop(name), expected, rtol=1e-12, atol=1e-12)
    assert start == len(phi) == sum(part.sizes) and isinstance(part, Hypernetwork)
    assert found and all(torch.equal(rest, templates[name]) for name, rest in found.items())


def test_each_layers_mixing_numbers_are_a_tensor_of_their_own():
    assert made("two banks", "hypernetwork")[1].sizes == [3, 3, 3, 2, 2]


@pytest.mark.parametrize(("name", "kind"), [(name, "hypernetwork") for name in ALIKE] + [("cnn", "last_layer")])
def test_the_mean_of_the_weights_is_the_weights_of_the_mean(name, kind):
    _, part, shared, phi = made(name, kind)
    phis = phi + torch.randn(5, len(phi), generator=torch.Generator().manual_seed(2), dtype=torch.double)
    mean = torch.stack([part.weights(shared, one) for one in phis]).mean(0)
    torch.testing.assert_close(mean, part.weights(shared, phis.mean(0)), rtol=1e-12, atol=1e-12)
