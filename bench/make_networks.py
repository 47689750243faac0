# SPDX-License-Identifier: Apache-2.0
"""Writes models like those that people export, with random weights: a residual
convolution network, a transformer encoder and a windowed vision transformer,
each as PyTorch writes them (BatchNormalization not fused, LayerNormalization
and GELU taken apart, shapes computed in the graph)."""
import numpy
import onnx
from onnx import helper, numpy_helper

_OPSET = 13


class _Builder:
    def __init__(self):
        self.random = numpy.random.default_rng(0)
        self.nodes, self.weights, self.count = [], [], 0

    def name(self):
        self.count += 1
        return f'v{self.count}'

    def add(self, op_type, *inputs, outputs=1, **attributes):
        names = [self.name() for _ in range(outputs)]
        self.nodes.append(helper.make_node(op_type, list(inputs), names,
                                           **attributes))
        return names[0] if outputs == 1 else names

    def constant(self, array):
        """A Constant node, as exporters write small ones."""
        value = numpy_helper.from_array(numpy.asarray(array))
        return self.add('Constant', value=value)

    def ints(self, *values):
        return self.constant(numpy.array(values, numpy.int64))

    def weight(self, *dims, scale=0.05, offset=0.0):
        name = f'w{len(self.weights)}'
        array = self.random.standard_normal(dims, numpy.float32)
        array = array * numpy.float32(scale) + numpy.float32(offset)
        self.weights.append(numpy_helper.from_array(array, name))
        return name

    def dim(self, value, axis):
        """Dim `axis` of `value` as a 1-D tensor."""
        shape = self.add('Shape', value)
        index = self.constant(numpy.int64(axis))
        return self.add('Unsqueeze', self.add('Gather', shape, index, axis=0),
                        self.ints(0))

    def reshape(self, value, *dims):
        """Ints, and names of 1-D tensors."""
        parts = [self.ints(d) if isinstance(d, int) else d for d in dims]
        return self.add('Reshape', value, self.add('Concat', *parts, axis=0))

    def linear(self, value, inputs, outputs):
        product = self.add('MatMul', value, self.weight(inputs, outputs))
        return self.add('Add', self.weight(outputs), product)

    def layer_norm(self, value, width):
        centred = self.add('Sub', value,
                           self.add('ReduceMean', value, axes=[-1]))
        square = self.add('Pow', centred, self.constant(numpy.float32(2)))
        variance = self.add('Add', self.add('ReduceMean', square, axes=[-1]),
                            self.constant(numpy.float32(1e-5)))
        scaled = self.add('Div', centred, self.add('Sqrt', variance))
        scaled = self.add('Mul', scaled, self.weight(width, offset=1))
        return self.add('Add', scaled, self.weight(width))

    def gelu(self, value):
        erf = self.add('Erf', self.add('Div', value, self.constant(
            numpy.float32(1.4142135))))
        sum_ = self.add('Add', erf, self.constant(numpy.float32(1)))
        return self.add('Mul', self.add('Mul', value, sum_),
                        self.constant(numpy.float32(0.5)))

    def attention(self, value, batch, tokens, width, heads):
        size = width // heads
        query, key, values = (
            self.add('Transpose', self.reshape(
                self.linear(value, width, width), batch, tokens, heads, size),
                     perm=perm)
            for perm in ([0, 2, 1, 3], [0, 2, 3, 1], [0, 2, 1, 3]))
        scores = self.add('Div', self.add('MatMul', query, key),
                          self.constant(numpy.float32(size ** 0.5)))
        mixed = self.add('MatMul', self.add('Softmax', scores, axis=-1), values)
        mixed = self.add('Transpose', mixed, perm=[0, 2, 1, 3])
        return self.linear(self.reshape(mixed, batch, tokens, width), width,
                           width)

    def feed_forward(self, value, width):
        hidden = self.gelu(self.linear(value, width, 4 * width))
        return self.linear(hidden, 4 * width, width)

    def write(self, path, x_dims, output):
        graph = helper.make_graph(
            self.nodes, 'network',
            [helper.make_tensor_value_info('x', onnx.TensorProto.FLOAT,
                                           x_dims)],
            [helper.make_tensor_value_info(output, onnx.TensorProto.FLOAT,
                                           None)], self.weights)
        model = helper.make_model(
            graph, ir_version=7,
            opset_imports=[helper.make_opsetid('', _OPSET)])
        onnx.save(model, str(path))


def _convolution(build, value, inputs, outputs, kernel, stride=1, relu=True):
    value = build.add('Conv', value, build.weight(outputs, inputs, kernel,
                                                  kernel),
                      kernel_shape=[kernel] * 2, strides=[stride] * 2,
                      pads=[kernel // 2] * 4)
    value = build.add('BatchNormalization', value,
                      build.weight(outputs, offset=1), build.weight(outputs),
                      build.weight(outputs),
                      build.weight(outputs, scale=0.01, offset=1))
    return build.add('Relu', value) if relu else value


def write_resnet(path):
    """ResNet-50's layers."""
    build = _Builder()
    value = _convolution(build, 'x', 3, 64, 7, 2)
    value = build.add('MaxPool', value, kernel_shape=[3, 3], strides=[2, 2],
                      pads=[1] * 4)
    channels = 64
    for stage, blocks in enumerate((3, 4, 6, 3)):
        width = 64 << stage
        for block in range(blocks):
            stride = 2 if stage > 0 and block == 0 else 1
            out = _convolution(build, value, channels, width, 1)
            out = _convolution(build, out, width, width, 3, stride)
            out = _convolution(build, out, width, 4 * width, 1, relu=False)
            if block == 0:
                value = _convolution(build, value, channels, 4 * width, 1,
                                     stride, relu=False)
            channels = 4 * width
            value = build.add('Relu', build.add('Add', out, value))
    value = build.add('Flatten', build.add('GlobalAveragePool', value), axis=1)
    value = build.add('Gemm', value, build.weight(1000, channels),
                      build.weight(1000), transB=1)
    build.write(path, ['batch', 3, 224, 224], value)


def write_bert(path, layers=8, width=512, heads=8):
    build, value = _Builder(), 'x'
    for _ in range(layers):
        batch, tokens = build.dim(value, 0), build.dim(value, 1)
        mixed = build.attention(value, batch, tokens, width, heads)
        value = build.layer_norm(build.add('Add', value, mixed), width)
        value = build.layer_norm(
            build.add('Add', value, build.feed_forward(value, width)), width)
    build.write(path, ['batch', 'tokens', width], value)


def _roll(build, value, shift):
    """As torch.roll over both spatial axes is exported."""
    for axis in (1, 2):
        head, tail = (
            build.add('Slice', value, build.ints(begin), build.ints(end),
                      build.ints(axis))
            for begin, end in ((shift, 2 ** 62), (0, shift)))
        value = build.add('Concat', head, tail, axis=axis)
    return value


def write_swin(path, layers=12, width=384, window=7, side=28):
    """Windows of tokens, shifted in every other layer."""
    build, value = _Builder(), 'x'
    tiles = side // window
    for layer in range(layers):
        batch = build.dim(value, 0)
        normed = build.layer_norm(value, width)
        if layer % 2:
            normed = _roll(build, normed, window // 2)
        windows = build.reshape(normed, batch, tiles, window, tiles, window,
                                width)
        windows = build.add('Transpose', windows, perm=[0, 1, 3, 2, 4, 5])
        windows = build.reshape(windows, -1, window * window, width)
        mixed = build.attention(windows, build.dim(windows, 0),
                                build.dim(windows, 1), width, width // 32)
        mixed = build.reshape(mixed, batch, tiles, tiles, window, window, width)
        mixed = build.add('Transpose', mixed, perm=[0, 1, 3, 2, 4, 5])
        mixed = build.reshape(mixed, batch, side, side, width)
        if layer % 2:
            mixed = _roll(build, mixed, side - window // 2)
        value = build.add('Add', value, mixed)
        normed = build.layer_norm(value, width)
        value = build.add('Add', value, build.feed_forward(normed, width))
    build.write(path, ['batch', side, side, width], value)


NETWORKS = {'resnet-50': write_resnet, 'BERT-like': write_bert,
            'Swin-like': write_swin}
