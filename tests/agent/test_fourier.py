"""Fourier features by hand."""

import math

import pytest
import torch

from surefoot.agent.fourier import FourierFeatures


def test_order_one_of_two_coordinates():
    features = FourierFeatures(1, (1.0, 2.0))
    x, y = 0.3, 0.4
    angles = [0.0, 2.0 * y, x, x + 2.0 * y]  # (k, l) = (0, 0), (0, 1), (1, 0), (1, 1)
    expected = [math.cos(a) for a in angles] + [math.sin(a) for a in angles]
    found = features(torch.tensor([[[x, y]]], dtype=torch.float64))
    assert found.shape == (1, 1, 8) and features.size == 8
    assert found.flatten().tolist() == pytest.approx(expected)


def test_the_lectures_order_has_18_features():
    assert FourierFeatures(2, (1.0, math.pi / 6.0)).size == 18


def test_one_coordinate():
    features = FourierFeatures(2, (1.0,))
    found = features(torch.tensor([math.pi / 2], dtype=torch.float64))
    assert found.tolist() == pytest.approx([1.0, 0.0, -1.0, 0.0, 1.0, 0.0], abs=1e-15)
