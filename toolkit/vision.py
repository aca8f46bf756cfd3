"""The one place that imports torchvision, also beside a torch wheel built for the CPU alone."""

import importlib
from types import ModuleType

import torch

_MISSING = {
    "torchvision::nms": "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
    "torchvision::qnms": "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
}


def torchvision() -> ModuleType:
    """Import torchvision and return it.

    The wheel most people get is built against a CUDA torch. Beside a CPU torch its compiled operators do
    not load, and the import fails on the schemas of two of them, which no lesson calls. Declaring just
    these two makes data sets, transforms and models work. Nothing is declared when the plain import succeeds.

    Returns:
        The module `torchvision`, with `datasets`, `models` and `transforms` loaded.

    Raises:
        ImportError: if torchvision is not installed, or fails for another reason.

    Example:
        >>> torchvision().models.resnet18().fc.out_features
        1000
    """
    try:
        return importlib.import_module("torchvision")
    except RuntimeError as error:
        if "torchvision::nms" not in str(error):
            raise ImportError(f"torchvision does not import: {error}") from error
    for operator, schema in _MISSING.items():
        torch.library.define(operator, schema)
    return importlib.import_module("torchvision")
