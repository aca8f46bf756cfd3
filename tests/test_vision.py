"""torchvision imports, also beside a torch without its compiled operators."""

import importlib
from types import SimpleNamespace

import pytest
import torch

from toolkit import vision


def imports(monkeypatch, *outcomes):
    """Let `importlib.import_module` meet these outcomes in turn; return the operators that were declared."""
    turns, declared = iter(outcomes), []

    def import_module(name):
        assert name == "torchvision"
        outcome = next(turns)
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    monkeypatch.setattr(vision, "importlib", SimpleNamespace(import_module=import_module))
    monkeypatch.setattr(torch.library, "define", lambda name, schema: declared.append(name))
    return declared


def test_the_lessons_find_what_they_use():
    found = vision.torchvision()
    assert found is importlib.import_module("torchvision")
    assert found.models.resnet18(num_classes=3).eval()(torch.rand(1, 3, 32, 32)).shape == (1, 3)
    assert found.datasets.MNIST and found.transforms.Normalize


def test_nothing_is_declared_when_the_plain_import_succeeds(monkeypatch):
    declared = imports(monkeypatch, "the module")
    assert vision.torchvision() == "the module"
    assert declared == []


def test_two_operators_are_declared_when_they_are_missing(monkeypatch):
    declared = imports(monkeypatch, RuntimeError("operator torchvision::nms does not exist"), "the module")
    assert vision.torchvision() == "the module"
    assert declared == ["torchvision::nms", "torchvision::qnms"]


def test_another_failure_is_an_import_error_with_its_reason(monkeypatch):
    declared = imports(monkeypatch, RuntimeError("broken in another way"))
    with pytest.raises(ImportError) as error:
        vision.torchvision()
    assert str(error.value) == "torchvision does not import: broken in another way"
    assert declared == []


def test_a_missing_torchvision_says_so(monkeypatch):
    imports(monkeypatch, ModuleNotFoundError("No module named 'torchvision'"))
    with pytest.raises(ImportError, match="No module named 'torchvision'"):
        vision.torchvision()
