#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Exports small_cnn.onnx, the model that `make demo` optimizes.

A small but real image classifier: convolutions with BatchNormalization,
residual blocks (one depthwise-separable), pooling, Dropout, Identity, and two
heads.  It is exported as training frameworks leave it: nothing folded, nothing
fused, a dynamic batch.

usage: export_cnn.py OUT.onnx        (Debian 12: python3-torch, python3-onnx)
"""

import sys

import onnx
import torch
from torch import nn


class ConvBlock(nn.Module):
    """Conv without bias, BatchNormalization, ReLU."""

    def __init__(self, cin, cout, kernel=3, stride=1, groups=1):
        super().__init__()
        self.conv = nn.Conv2d(cin, cout, kernel, stride, kernel // 2,
                              groups=groups, bias=False)
        self.bn = nn.BatchNorm2d(cout)
        self.act = nn.ReLU()

    def forward(self, x):
        return self.act(self.bn(self.conv(x)))


class Residual(nn.Module):
    """Two blocks beside a shortcut, which is an Identity where shapes agree."""

    def __init__(self, cin, cout, stride=1, depthwise=False):
        super().__init__()
        first = (nn.Sequential(ConvBlock(cin, cin, 3, stride, groups=cin),
                               ConvBlock(cin, cout, 1))
                 if depthwise else ConvBlock(cin, cout, 3, stride))
        self.body = nn.Sequential(first, nn.Conv2d(cout, cout, 3, 1, 1),
                                  nn.BatchNorm2d(cout))
        same = cin == cout and stride == 1
        self.shortcut = (nn.Identity() if same else
                         nn.Sequential(nn.Conv2d(cin, cout, 1, stride),
                                       nn.BatchNorm2d(cout)))

    def forward(self, x):
        return torch.relu(self.body(x) + self.shortcut(x))


class Checkpoint(nn.Module):
    """Names an intermediate value; exports as Identity."""

    def forward(self, x):
        return torch.ops.aten.alias(x)


class SmallCnn(nn.Module):

    def __init__(self, classes=10):
        super().__init__()
        self.features = nn.Sequential(
            ConvBlock(3, 16), Residual(16, 16), nn.MaxPool2d(2), Checkpoint(),
            Residual(16, 32, stride=2, depthwise=True), Checkpoint(),
            Residual(32, 48, stride=2))
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.drop = nn.Dropout(0.2)
        self.norm = nn.LayerNorm(48)
        self.head = nn.Linear(48, classes)
        self.embed_norm = nn.LayerNorm(48)
        self.embed = nn.Linear(48, 16)

    def forward(self, image):
        # Each head normalizes for itself: as plain operators, most of the
        # second LayerNormalization repeats the first.
        h = torch.flatten(self.pool(self.features(image)), 1)
        logits = self.head(self.drop(self.norm(h)))
        embedding = self.embed(self.drop(self.embed_norm(h)))
        return torch.softmax(logits, 1), embedding


@torch.onnx.symbolic_helper.parse_args("v", "f", "i")
def dropout(g, x, ratio, train):
    """Keeps Dropout in the file; PyTorch's own symbolic drops it in eval."""
    return g.op("Dropout", x,
                g.op("Constant", value_t=torch.tensor(ratio)),
                g.op("Constant", value_t=torch.tensor(bool(train))))


def main():
    torch.manual_seed(0)
    model = SmallCnn()
    # Running statistics and affine parameters of a trained network are not the
    # 0 and 1 of a fresh one.
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            nn.init.normal_(module.running_mean, 0.0, 0.3)
            nn.init.uniform_(module.running_var, 0.5, 1.5)
            nn.init.uniform_(module.weight, 0.5, 1.5)
            nn.init.normal_(module.bias, 0.0, 0.1)
    model.eval()
    torch.onnx.register_custom_op_symbolic("aten::dropout", dropout, 13)
    torch.onnx.export(
        model, torch.randn(2, 3, 32, 32), sys.argv[1], opset_version=13,
        do_constant_folding=False, keep_initializers_as_inputs=False,
        training=torch.onnx.TrainingMode.PRESERVE,
        input_names=["image"], output_names=["probabilities", "embedding"],
        dynamic_axes={"image": {0: "batch"}, "probabilities": {0: "batch"},
                      "embedding": {0: "batch"}})
    onnx.checker.check_model(sys.argv[1], full_check=True)


if __name__ == "__main__":
    main()
