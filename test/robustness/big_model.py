# SPDX-License-Identifier: Apache-2.0
"""Makes a model of a given weight, without python3-onnx: a chain of
MatMul and Identity nodes over equally shaped weights."""
import random

_SIDE = 512
WEIGHT_BYTES = 4 * _SIDE * _SIDE


def _varint(value):
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def _int(field, value):
    return _varint(field << 3) + _varint(value)


def _bytes(field, *parts):
    content = b''.join(p.encode() if isinstance(p, str) else p for p in parts)
    return _varint(field << 3 | 2) + _varint(len(content)) + content


def _node(op_type, inputs, output):
    return _bytes(1, *(_bytes(1, i) for i in inputs), _bytes(2, output),
                  _bytes(4, op_type))


def _value(field, name):
    shape = _bytes(2, _bytes(1, _bytes(2, 'N')), _bytes(1, _int(1, _SIDE)))
    return _bytes(field, _bytes(1, name),
                  _bytes(2, _bytes(1, _int(1, 1), shape)))


def _entry(key, value):
    return _bytes(13, _bytes(1, key), _bytes(2, value))


def _tensor(name, data):
    return _bytes(5, _int(1, _SIDE), _int(1, _SIDE), _int(2, 1),
                  _bytes(8, name), data)


def write(path, weights, external=False):
    """Writes `path`, and `path`.data where `external`."""
    nodes, tensors, blob = [], [], []
    source = random.Random(weights)
    for i in range(weights):
        data = source.randbytes(WEIGHT_BYTES)
        if external:
            stored = (_entry('location', path.name + '.data') +
                      _entry('offset', str(i * WEIGHT_BYTES)) +
                      _entry('length', str(WEIGHT_BYTES)) + _int(14, 1))
            blob.append(data)
        else:
            stored = _bytes(9, data)
        tensors.append(_tensor(f'w{i}', stored))
        nodes.append(_node('MatMul', [f'x{i}', f'w{i}'], f'y{i}'))
        nodes.append(_node('Identity', [f'y{i}'], f'x{i + 1}'))
    graph = _bytes(7, *nodes, _bytes(2, 'chain'), *tensors,
                   _value(11, 'x0'), _value(12, f'x{weights}'))
    opset = _bytes(8, _bytes(1, ''), _int(2, 17))
    path.write_bytes(_int(1, 8) + graph + opset)
    if external:
        path.with_name(path.name + '.data').write_bytes(b''.join(blob))
