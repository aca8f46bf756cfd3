"""Networks of many kinds from images [B, 1, 8, 8] to logits [B, 10], for the tests that hold for any module."""

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from toolkit import WeightSpace, models


class Recording(WeightSpace):
    """A weight space that notes where each gradient was taken and on what."""

    def __init__(self, module):
        super().__init__(module)
        self.thetas, self.batches = [], []

    def gradient(self, theta, x, y, loss=cross_entropy):
        self.thetas.append(theta.detach().clone())
        self.batches.append((x, y))
        return super().gradient(theta, x, y, loss)


class Tied(nn.Module):
    """Two layers that share one weight."""

    def __init__(self):
        super().__init__()
        self.first, self.left, self.right = nn.Linear(64, 12), nn.Linear(12, 12), nn.Linear(12, 12)
        self.right.weight = self.left.weight
        self.head = nn.Linear(12, 10)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.right(self.left(self.first(x.flatten(1)).tanh()).tanh()))


class Attention(nn.Module):
    """A transformer block over the eight rows of an image."""

    def __init__(self):
        super().__init__()
        self.block = nn.TransformerEncoderLayer(8, nhead=2, dim_feedforward=16, dropout=0.0, batch_first=True)
        self.head = nn.Linear(8, 10)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.block(x.squeeze(1)).mean(1))


class Recurrent(nn.Module):
    """A GRU over the eight rows of an image."""

    def __init__(self):
        super().__init__()
        self.gru, self.head = nn.GRU(8, 6, batch_first=True), nn.Linear(6, 10)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.gru(x.squeeze(1))[0][:, -1])


class Scaled(nn.Module):
    """A parameter of the module itself, and a buffer that is no statistic."""

    def __init__(self):
        super().__init__()
        self.scale, self.body = nn.Parameter(torch.ones(1)), nn.Linear(64, 10)
        self.register_buffer("shift", torch.full((64,), 0.5))

    def forward(self, x: Tensor) -> Tensor:
        return self.scale * self.body(x.flatten(1) - self.shift)

    def reset_parameters(self) -> None:
        nn.init.ones_(self.scale)


def layernorm() -> nn.Module:
    return nn.Sequential(nn.Flatten(), nn.Linear(64, 8), nn.LayerNorm(8), nn.GELU(), nn.Linear(8, 10))


def dropout() -> nn.Module:
    return nn.Sequential(nn.Flatten(), nn.Linear(64, 32), nn.ReLU(), nn.Dropout(0.5), nn.Linear(32, 10))


def frozen() -> nn.Module:
    module = models.mlp(64, 8, 10)
    module.fc1.weight.requires_grad_(False)
    return module


ZOO = {
    "mlp": lambda: models.mlp(64, 12, 10),
    "mlp with batchnorm": lambda: models.mlp(64, 32, 32, 10, batchnorm=True),
    "cnn": lambda: models.cnn(width=3),
    "resnet": lambda: models.resnet(width=2),
    "tied": Tied,
    "layernorm": layernorm,
    "attention": Attention,
    "recurrent": Recurrent,
    "scaled": Scaled,
    "frozen": frozen,
    "double": lambda: models.mlp(64, 12, 10).double(),
}
