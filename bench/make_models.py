# SPDX-License-Identifier: Apache-2.0
"""Writes the models of the benchmark, field by field: neither protobuf nor
python3-onnx, and no more than one weight in memory."""
import numpy

_FLOAT = 1
_RAW_DATA = 9


def _varint(value):
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def _int(field, value):
    return _varint(field << 3) + _varint(value)


def _bytes(field, content):
    return _varint(field << 3 | 2) + _varint(len(content)) + content


def _node(op_type, inputs, output):
    return _bytes(1, b''.join(_bytes(1, i.encode()) for i in inputs) +
                  _bytes(2, output.encode()) + _bytes(4, op_type.encode()))


def _value(field, name, dims):
    dims = b''.join(_bytes(1, _bytes(2, d.encode()) if isinstance(d, str)
                           else _int(1, d)) for d in dims)
    tensor = _int(1, _FLOAT) + _bytes(2, dims)
    return _bytes(field, _bytes(1, name.encode()) +
                  _bytes(2, _bytes(1, tensor)))


def _tensor_head(name, dims, data_bytes):
    """Fields of a TensorProto up to and without the contents of raw_data."""
    return (b''.join(_int(1, d) for d in dims) + _int(2, _FLOAT) +
            _bytes(8, name.encode()) + _varint(_RAW_DATA << 3 | 2) +
            _varint(data_bytes))


def _write(path, graph_parts, graph_bytes):
    with open(path, 'wb') as file:
        file.write(_int(1, 8) + _bytes(8, _bytes(1, b'') + _int(2, 17)))
        file.write(_varint(7 << 3 | 2) + _varint(graph_bytes))
        for part in graph_parts:
            file.write(part)


def write_weights(path, count, side):
    """A chain of `count` MatMuls with random weights of side x side floats;
    after every tenth an Identity."""
    small, value = [_bytes(2, b'weights'), _value(11, 'x', ['N', side])], 'x'
    for i in range(count):
        small.append(_node('MatMul', [value, f'w{i}'], f'm{i}'))
        value = f'm{i}'
        if i % 10 == 9:
            small.append(_node('Identity', [value], f'i{i}'))
            value = f'i{i}'
    small.append(_value(12, value, ['N', side]))

    data_bytes = 4 * side * side
    heads = []
    for i in range(count):
        head = _tensor_head(f'w{i}', [side, side], data_bytes)
        heads.append(_varint(5 << 3 | 2) + _varint(len(head) + data_bytes) +
                     head)

    def parts():
        yield from small
        random = numpy.random.default_rng(0)
        for head in heads:
            yield head
            yield random.standard_normal(side * side, numpy.float32).tobytes()

    _write(path, parts(), sum(map(len, small)) + sum(map(len, heads)) +
           count * data_bytes)


def write_transposed(path, side):
    """A MatMul with a weight of side x side floats that is transposed first."""
    small = [_bytes(2, b'transposed'), _value(11, 'x', ['N', side]),
             _node('Transpose', ['w'], 't'), _node('MatMul', ['x', 't'], 'y'),
             _value(12, 'y', ['N', side])]
    data_bytes = 4 * side * side
    head = _tensor_head('w', [side, side], data_bytes)
    head = _varint(5 << 3 | 2) + _varint(len(head) + data_bytes) + head
    row = numpy.random.default_rng(0).standard_normal(side, numpy.float32)

    def parts():
        yield from small
        yield head
        for i in range(side):
            yield numpy.roll(row, i).tobytes()

    _write(path, parts(), sum(map(len, small)) + len(head) + data_bytes)


_CYCLE = (('Identity', None), ('Add', 'constant'), ('Relu', None),
          ('Mul', 'constant'), ('Sigmoid', None), ('Add', 'x'), ('Tanh', None),
          ('Sub', 'constant'), ('Abs', None), ('Mul', 'x'))


def write_nodes(path, count):
    """A chain of `count` small nodes, of _CYCLE over and over: every tenth is
    an Identity. There is one constant per hundred nodes, with ten values."""
    parts, value = [_bytes(2, b'nodes'), _value(11, 'x', ['N'])], 'x'
    constants = max(1, count // 100)
    for i in range(constants):
        head = _tensor_head(f'c{i}', [1], 4)
        data = numpy.float32(i % 10).tobytes()
        parts.append(_bytes(5, head + data))
    for i in range(count):
        output = 'y' if i == count - 1 else f'v{i}'
        op_type, second = _CYCLE[i % len(_CYCLE)]
        inputs = [value] + ([second] if second else [])
        parts.append(_node(op_type, [f'c{i % constants}' if name == 'constant'
                                     else name for name in inputs], output))
        value = output
    parts.append(_value(12, 'y', ['N']))
    _write(path, parts, sum(map(len, parts)))
