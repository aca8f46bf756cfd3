"""The lessons' networks: sizes by hand, ordinary modules, images of several sizes."""

import pytest
import torch
from torch import nn

from toolkit import models


def count(module):
    return sum(p.numel() for p in module.parameters())


@pytest.mark.parametrize("widths", [(64, 10), (64, 5, 10), (7, 3, 4, 2)])
def test_mlp_has_the_weights_of_its_widths(widths):
    assert count(models.mlp(*widths)) == sum((a + 1) * b for a, b in zip(widths, widths[1:], strict=False))


def test_mlp_is_affine_relu_affine():
    net, x = models.mlp(64, 5, 10), torch.rand(3, 1, 8, 8)
    hidden = (x.flatten(1) @ net.fc1.weight.T + net.fc1.bias).clamp(min=0)
    torch.testing.assert_close(net(x), hidden @ net.fc2.weight.T + net.fc2.bias)


def test_mlp_ends_in_logits_not_in_a_relu():
    net = models.mlp(64, 5, 10)
    assert (net(torch.rand(50, 64)) < 0).any()
    assert [name for name, _ in net.named_children()] == ["flatten", "fc1", "relu1", "fc2"]


def test_batchnorm_goes_between_linear_and_relu():
    net = models.mlp(64, 5, 6, 10, batchnorm=True)
    names = [name for name, _ in net.named_children()]
    assert names == ["flatten", "fc1", "bn1", "relu1", "fc2", "bn2", "relu2", "fc3"]
    assert count(net) == count(models.mlp(64, 5, 6, 10)) + 2 * (5 + 6)


def test_cnn_has_the_weights_of_its_layers():
    c, w, k = 3, 4, 7
    expected = 9 * (c * w + w * 2 * w + 2 * w * 2 * w) + 2 * (w + 2 * w + 2 * w) + (2 * w + 1) * k
    assert count(models.cnn(c, w, k)) == expected


def test_resnet_20_of_the_cifar_paper_with_projections():
    net = models.resnet(in_channels=3, width=16, classes=10, blocks=(3, 3, 3))
    convolutions = [m for m in net.modules() if isinstance(m, nn.Conv2d)]
    assert len([m for m in convolutions if m.kernel_size == (3, 3)]) + 1 == 20  # and the classifier
    assert len([m for m in convolutions if m.kernel_size == (1, 1)]) == 2
    assert count(net) == 272_474


@pytest.mark.parametrize("build", [models.cnn, models.resnet])
@pytest.mark.parametrize("size", [4, 8, 9, 28])
def test_convolutional_networks_take_images_of_any_size(build, size):
    net = build(in_channels=2, width=4, classes=3)
    assert net(torch.rand(5, 2, size, size)).shape == (5, 3)


def test_a_block_whose_branch_is_silent_is_its_shortcut():
    block, x = models.Block(4, 4, stride=1).eval(), torch.rand(2, 4, 6, 6)
    nn.init.zeros_(block.bn2.weight)
    torch.testing.assert_close(block(x), x)


def test_a_block_halves_the_image_and_changes_the_channels():
    assert models.Block(4, 8, stride=2)(torch.rand(2, 4, 8, 8)).shape == (2, 8, 4, 4)


@pytest.mark.parametrize("net", [models.mlp(64, 8, 10), models.cnn(width=2), models.resnet(width=2)], ids=type)
def test_every_weight_matters(net):
    net(torch.rand(16, 1, 8, 8)).square().sum().backward()
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in net.parameters())
