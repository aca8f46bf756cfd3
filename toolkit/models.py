"""Small networks for the lessons: ordinary `nn.Module`s, nothing about weight space in them."""

from collections import OrderedDict

from torch import Tensor, nn
from torch.nn import functional

from toolkit import _expect


def mlp(*widths: int, batchnorm: bool = False) -> nn.Sequential:
    """Build a multilayer perceptron with ReLU between its layers.

    Args:
        *widths: units of the input, each hidden layer and the output, such as `64, 128, 128, 10`.
        batchnorm: put a `BatchNorm1d` between each hidden linear layer and its ReLU.

    Returns:
        A module from images or vectors [B, ...] of `widths[0]` numbers each to logits [B, widths[-1]].

    Raises:
        ValueError: if fewer than two widths are given, or one is not a positive whole number.

    Example:
        >>> sum(p.numel() for p in mlp(64, 128, 128, 10).parameters())
        26122
    """
    if len(widths) < 2:
        raise ValueError(f"widths must name at least an input and an output size, got {widths!r}.")
    for width in widths:
        _expect.count("each width", width)
    layers: OrderedDict[str, nn.Module] = OrderedDict(flatten=nn.Flatten())
    last = len(widths) - 1
    for i in range(1, last + 1):
        layers[f"fc{i}"] = nn.Linear(widths[i - 1], widths[i])
        if i < last:
            if batchnorm:
                layers[f"bn{i}"] = nn.BatchNorm1d(widths[i])
            layers[f"relu{i}"] = nn.ReLU()
    return nn.Sequential(layers)


def cnn(in_channels: int = 1, width: int = 16, classes: int = 10) -> nn.Sequential:
    """Build a small convolutional network with BatchNorm, for images of any size from 4x4 up.

    Three 3x3 convolutions (`width`, `2 width` with stride 2, `2 width`), each with BatchNorm and ReLU, then
    the mean over all pixels and a linear classifier.

    Args:
        in_channels: channels of the images.
        width: channels of the first convolution.
        classes: number of logits.

    Returns:
        A module from images [B, in_channels, H, W] to logits [B, classes].

    Raises:
        ValueError: if a size is not a positive whole number.

    Example:
        >>> sum(p.numel() for p in cnn().parameters())
        14458
    """
    for name, value in [("in_channels", in_channels), ("width", width), ("classes", classes)]:
        _expect.count(name, value)
    layers: OrderedDict[str, nn.Module] = OrderedDict()
    for i, (before, after, stride) in enumerate(
        [(in_channels, width, 1), (width, 2 * width, 2), (2 * width, 2 * width, 1)], start=1
    ):
        layers[f"conv{i}"] = nn.Conv2d(before, after, 3, stride, padding=1, bias=False)
        layers[f"bn{i}"] = nn.BatchNorm2d(after)
        layers[f"relu{i}"] = nn.ReLU()
    layers["pool"] = nn.AdaptiveAvgPool2d(1)
    layers["flatten"] = nn.Flatten()
    layers["fc"] = nn.Linear(2 * width, classes)
    return nn.Sequential(layers)


class Block(nn.Module):
    """Two 3x3 convolutions with BatchNorm, and a shortcut around them (He et al. 2016, basic block)."""

    def __init__(self, before: int, after: int, stride: int):
        """Make a block from `before` to `after` channels; the shortcut is projected where the shapes differ."""
        super().__init__()
        self.conv1 = nn.Conv2d(before, after, 3, stride, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(after)
        self.conv2 = nn.Conv2d(after, after, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(after)
        self.shortcut: nn.Module = nn.Identity()
        if stride != 1 or before != after:
            self.shortcut = nn.Sequential(
                OrderedDict(conv=nn.Conv2d(before, after, 1, stride, bias=False), bn=nn.BatchNorm2d(after))
            )

    def forward(self, x: Tensor) -> Tensor:
        """Map images [B, before, H, W] to [B, after, H / stride, W / stride]."""
        y = functional.relu(self.bn1(self.conv1(x)))
        return functional.relu(self.bn2(self.conv2(y)) + self.shortcut(x))


def resnet(
    in_channels: int = 1, width: int = 16, classes: int = 10, blocks: tuple[int, ...] = (1, 1, 1)
) -> nn.Sequential:
    """Build a residual network in the CIFAR style: a 3x3 stem, stages of basic blocks, mean pool, classifier.

    Each stage after the first doubles the channels and halves the image.

    Args:
        in_channels: channels of the images.
        width: channels of the stem and the first stage.
        classes: number of logits.
        blocks: how many blocks each stage has; `(3, 3, 3)` with width 16 is the ResNet-20 of He et al.

    Returns:
        A module from images [B, in_channels, H, W] to logits [B, classes].

    Raises:
        ValueError: if a size is not a positive whole number, or `blocks` is empty.

    Example:
        >>> sum(p.numel() for p in resnet().parameters())
        77754
    """
    sizes = [("in_channels", in_channels), ("width", width), ("classes", classes)]
    for name, value in [*sizes, *(("each of blocks", n) for n in blocks)]:
        _expect.count(name, value)
    if not blocks:
        raise ValueError("blocks must name at least one stage, got ().")
    layers: OrderedDict[str, nn.Module] = OrderedDict(
        conv=nn.Conv2d(in_channels, width, 3, padding=1, bias=False), bn=nn.BatchNorm2d(width), relu=nn.ReLU()
    )
    before = width
    for stage, number in enumerate(blocks, start=1):
        after = width * 2 ** (stage - 1)
        for i in range(1, number + 1):
            layers[f"stage{stage}block{i}"] = Block(before, after, stride=2 if stage > 1 and i == 1 else 1)
            before = after
    layers["pool"] = nn.AdaptiveAvgPool2d(1)
    layers["flatten"] = nn.Flatten()
    layers["fc"] = nn.Linear(before, classes)
    return nn.Sequential(layers)
