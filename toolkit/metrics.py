"""How good are predictions: accuracy, loss, calibration, disagreement, ensembles.

Logits have shape [..., B, C]: B examples, C classes, and any number of networks in front. Every measure keeps
the dimensions in front, so 51 points of a curve are scored in one call.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from toolkit import _expect


def accuracy(logits: Tensor, y: Tensor) -> Tensor:
    """Fraction of examples whose largest logit is at their class.

    Args:
        logits: [..., B, C].
        y: classes [B].

    Returns:
        Fractions [...] in [0, 1].

    Raises:
        ValueError: if the shapes disagree.

    Example:
        >>> accuracy(torch.tensor([[2.0, 1.0], [0.0, 3.0]]), torch.tensor([0, 0])).item()
        0.5
    """
    _check(logits, y)
    return (logits.argmax(-1) == y).float().mean(-1)


def nll(logits: Tensor, y: Tensor) -> Tensor:
    """Mean negative log-likelihood of the true class, in nats: the cross-entropy loss.

    Args:
        logits: [..., B, C].
        y: classes [B].

    Returns:
        Losses [...]; log C for a network that knows nothing.

    Raises:
        ValueError: if the shapes disagree.

    Example:
        >>> round(nll(torch.zeros(4, 10), torch.arange(4)).item(), 4)
        2.3026
    """
    _check(logits, y)
    true = logits.gather(-1, y.expand(logits.shape[:-1]).unsqueeze(-1)).squeeze(-1)
    return (logits.logsumexp(-1) - true).mean(-1)


@dataclass(frozen=True)
class Reliability:
    """What a reliability diagram draws: per bin of confidence, how confident and how right.

    Attributes:
        confidence: mean top-class probability in each bin [..., bins]; NaN where a bin is empty.
        accuracy: fraction of right predictions in each bin [..., bins]; NaN where a bin is empty.
        weight: fraction of the examples in each bin [..., bins].
    """

    confidence: Tensor
    accuracy: Tensor
    weight: Tensor

    @property
    def ece(self) -> Tensor:
        """Expected calibration error: sum over bins of weight |accuracy - confidence|."""
        return (self.weight * (self.accuracy - self.confidence).abs()).nan_to_num().sum(-1)


def reliability(logits: Tensor, y: Tensor, bins: int = 15) -> Reliability:
    """Sort predictions into equal-width bins of confidence (top-class probability).

    Args:
        logits: [..., B, C].
        y: classes [B].
        bins: number of bins on [0, 1]; a confidence on an edge belongs to the lower bin.

    Returns:
        Confidence, accuracy and weight per bin, [..., bins] each.

    Raises:
        ValueError: if the shapes disagree or `bins` is not a positive whole number.

    Example:
        >>> sure = torch.tensor([[9.0, 0.0], [9.0, 0.0]])
        >>> reliability(sure, torch.tensor([0, 1]), bins=2).accuracy
        tensor([   nan, 0.5000])

    Source: Guo et al. 2017, sections 2 and 3.
    """
    _check(logits, y)
    _expect.count("bins", bins)
    top, predicted = logits.max(-1)
    confidence = (top - logits.logsumexp(-1)).exp()
    right = (predicted == y).to(confidence)
    index = (confidence * bins).ceil().long().clamp(1, bins) - 1
    shape = (*logits.shape[:-2], bins)

    def total(values: Tensor) -> Tensor:
        return values.new_zeros(shape).scatter_add_(-1, index, values)

    number = total(torch.ones_like(confidence))
    return Reliability(total(confidence) / number, total(right) / number, number / len(y))


def ece(logits: Tensor, y: Tensor, bins: int = 15) -> Tensor:
    """Expected calibration error: how far confidence is from accuracy, on average over the examples.

    ECE = sum_b (n_b / B) |accuracy_b - confidence_b| over equal-width bins b of the top-class probability.

    Args:
        logits: [..., B, C].
        y: classes [B].
        bins: number of bins.

    Returns:
        Errors [...] in [0, 1]; 0 for a network that is right as often as it says.

    Raises:
        ValueError: if the shapes disagree or `bins` is not a positive whole number.

    Example:
        >>> round(ece(torch.tensor([[9.0, 0.0], [9.0, 0.0]]), torch.tensor([0, 1])).item(), 2)
        0.5

    Source: Guo et al. 2017, equation 5.
    """
    return reliability(logits, y, bins).ece


def disagreement(a: Tensor, b: Tensor) -> Tensor:
    """Fraction of examples on which two networks predict different classes.

    Args:
        a: logits [..., B, C] of one network.
        b: logits [..., B, C] of the other.

    Returns:
        Fractions [...] in [0, 1].

    Raises:
        ValueError: if the two differ in examples or classes.

    Example:
        >>> disagreement(torch.eye(3), torch.eye(3).flip(0)).item()
        0.6666666865348816
    """
    _expect.tensor("a", a, floating=False)
    _expect.tensor("b", b, floating=False)
    if a.shape[-2:] != b.shape[-2:]:
        raise ValueError(f"a and b must share examples and classes, got {tuple(a.shape)} and {tuple(b.shape)}.")
    return (a.argmax(-1) != b.argmax(-1)).float().mean(-1)


def ensemble(logits: Tensor, average: str = "probability") -> Tensor:
    """Let N networks predict together.

    Args:
        logits: [N, B, C], one row a network.
        average: `"probability"` (mean of the probabilities) or `"logit"` (mean of the logits, that is the
            normalised geometric mean of the probabilities). Papers differ; both are shown in the lessons.

    Returns:
        Logits [B, C] of the ensemble; their softmax is the averaged prediction.

    Raises:
        ValueError: if `logits` is not [N, B, C] or `average` is unknown.

    Example:
        >>> two = torch.tensor([[[4.0, 0.0]], [[0.0, 0.0]]])
        >>> ensemble(two).softmax(-1)
        tensor([[0.7410, 0.2590]])
        >>> ensemble(two, average="logit").softmax(-1)
        tensor([[0.8808, 0.1192]])
    """
    if not isinstance(logits, Tensor) or logits.dim() != 3 or not len(logits):
        found = f"shape {list(logits.shape)}" if isinstance(logits, Tensor) else type(logits).__name__
        raise ValueError(f"logits must be [networks, examples, classes], got {found}.")
    if _expect.choice("average", average, ("probability", "logit")) == "logit":
        return logits.mean(0)
    return logits.log_softmax(-1).logsumexp(0) - torch.tensor(float(len(logits))).log()


def _check(logits: Tensor, y: Tensor) -> None:
    _expect.tensor("logits", logits, floating=False)
    _expect.tensor("y", y, floating=False)
    if logits.dim() < 2 or y.dim() != 1 or logits.shape[-2] != len(y) or not len(y):
        raise ValueError(
            f"logits must be [..., examples, classes] and y [examples], at least one; "
            f"got {tuple(logits.shape)} and {tuple(y.shape)}."
        )
    if y.is_floating_point() or int(y.min()) < 0 or int(y.max()) >= logits.shape[-1]:
        raise ValueError(
            f"y must hold whole numbers from 0 to {logits.shape[-1] - 1}, got {y.dtype} from {y.min()} to {y.max()}."
        )
