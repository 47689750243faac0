# SPDX-License-Identifier: Apache-2.0
"""Constants, shapes, padding, random numbers, quantization, strings."""
import numpy as np
import onnx

from case import (case, cases, floats, i64, ints, model_case, node, pick,
                  sample)
from cases_elementwise import FLOATS
from cases_movement import PACKED, moved, movers
from tensors import ELEM, Tensor, make


@cases('Constant')
def constant(v):
    for elem in movers(v, 'T'):
        x = sample(elem, 2, 3)
        yield case(v, f'value-{elem}', [], {'value': x}, x)
    if 'value_int' in v.attrs:
        for name, value, want in (
                ('int', 3, np.array(3)), ('ints', [3, -4], i64(3, -4)),
                ('float', .5, np.float32(.5)),
                ('floats', [.5, 2.], np.array([.5, 2], np.float32)),
                ('string', 'ab', np.array('ab')),
                ('strings', ['a', 'bc'], np.array(['a', 'bc']))):
            yield case(v, name, [], {f'value_{name}': value}, want)
            if v.since == 12:
                yield case(v, f'{name}-down', [], {f'value_{name}': value},
                           want, to=11)
    if 'sparse_value' in v.attrs:
        sparse = onnx.helper.make_sparse_tensor(
            Tensor(np.array([5, 7], np.float32)).to_proto('s'),
            Tensor(i64(1, 4)).to_proto('i'), [2, 3])
        want = np.array([[0, 5, 0], [0, 7, 0]], np.float32)
        yield case(v, 'sparse', [], {'sparse_value': sparse}, want)
        if v.since == 11:
            yield case(v, 'sparse-down', [], {'sparse_value': sparse}, want,
                       to=10)


@cases('ConstantOfShape')
def constant_of_shape(v):
    yield case(v, 'default', [i64(2, 3)], expect=np.zeros((2, 3), np.float32))
    for elem in movers(v, 'T2'):
        if elem == ELEM['string']:
            continue
        one = sample(elem, 1, seed=3)
        for const in ((), (0,)):
            yield case(v, f'{elem}-{len(const)}', [i64(3, 2)], {'value': one},
                       moved(one, np.broadcast_to(one.array, (3, 2))),
                       const=const)


@cases('Shape', 'Size')
def shape_size(v):
    for elem in movers(v, 'T'):
        x = sample(elem, 2, 3, 4)
        want = i64(2, 3, 4) if v.op == 'Shape' else np.array(24)
        for dims in ('static', 'unknown'):
            yield case(v, f'{elem}-{dims}', [x], expect=want, dims=dims)
    if 'start' in v.attrs:
        for note, attrs, want in (
                ('start', {'start': 1}, i64(3, 4)),
                ('end', {'start': -3, 'end': -1}, i64(2, 3)),
                ('beyond', {'start': -9, 'end': 9}, i64(2, 3, 4)),
                ('one', {'start': 1, 'end': 2}, i64(3))):
            yield case(v, note, [x], attrs, want, dims='symbolic')
            if v.since == 15:
                yield case(v, f'{note}-down', [x], attrs, want, to=14,
                           dims='symbolic')


@cases('EyeLike')
def eye_like(v):
    x = floats(3, 4)
    yield case(v, 'default', [x], expect=np.eye(3, 4, dtype='f4'))
    yield case(v, 'dtype', [x], {'dtype': 7, 'k': 1},
               np.eye(3, 4, 1, dtype=np.int64))


@cases('Range')
def range_(v):
    for elem in pick(v, 'T'):
        limits = [make(np.array(n), elem) for n in (1, 8, 2)]
        yield case(v, f'{elem}', limits, expect=make(np.arange(1, 8, 2), elem))
        if v.since == 27 and elem in (10, 16):
            yield case(v, f'{elem}-down', limits, to=26,
                       expect=make(np.arange(1, 8, 2), elem))
    yield case(v, 'backwards', [np.array(5), np.array(-1), np.array(-2)],
               expect=i64(5, 3, 1), const=(0, 2))



def padded(x, pads, mode=None, value=0):
    rank = x.ndim
    widths = list(zip(pads[:rank], pads[rank:]))
    cut = x[tuple(slice(max(0, -b), n - max(0, -e))
                  for (b, e), n in zip(widths, x.shape))]
    widths = [(max(0, b), max(0, e)) for b, e in widths]
    more = {'constant_values': value} if mode in (None, 'constant') else {}
    return np.pad(cut, widths, mode or 'constant', **more)


@cases('Pad')
def pad(v):
    pads = [0, 1, 2, 1, 0, 1]
    modes = [None, 'reflect', 'edge'] + (['wrap'] if v.since >= 19 else [])
    for elem in movers(v):
        if elem in PACKED + [ELEM['string']]:
            continue
        x = sample(elem, 2, 3, 4, high=6)
        for mode in modes if elem == 1 else modes[:1]:
            want = moved(x, padded(x.array, pads, mode))
            yield from _pad(v, f'{elem}-{mode}', x, pads, want,
                            {'mode': mode})
        value = make(np.array(1 if elem == ELEM['bool'] else 3), elem)
        want = moved(x, padded(x.array, pads, None, value.array))
        yield from _pad(v, f'{elem}-value', x, pads, want, {}, value)
        if elem in FLOATS:
            cut = [0, -1, 1, 1, 0, -2]
            yield from _pad(v, f'{elem}-cut', x, cut,
                            moved(x, padded(x.array, cut)), {})
    x = sample(1, 2, 3, 4)
    if v.since == 1:  # Begin and end in pairs, as its example says, or not.
        yield case(v, 'equal-ones', [x], {'paddings': [1] * 6},
                   padded(x.array, [1] * 6))
        yield case(v, 'equal-1d', [floats(4)], {'paddings': [1, 2]},
                   padded(floats(4), [1, 2]))
    want = moved(x, padded(x.array, pads))
    if v.since == 11:
        given = [x, i64(*pads)]
        yield case(v, 'constant-down', given, expect=want, const=(1,), to=10)
        yield case(v, 'runtime-down', given, expect=want, to=10)
        yield case(v, 'value-down', [*given, np.float32(2.5)], const=(1, 2),
                   expect=padded(x.array, pads, None, 2.5), to=10)
        yield case(v, 'value-runtime-down', [*given, np.float32(2.5)],
                   expect=padded(x.array, pads, None, 2.5), to=10, const=(1,))
    if v.since >= 18:
        given = [x, i64(1, 2, 0, 1), None, i64(2, 0)]
        want = padded(x.array, [2, 0, 1, 1, 0, 0])
        for const in ((1, 3), (3,)):
            yield case(v, f'axes-{len(const)}', given, expect=want, const=const)
            if v.since == 18:
                yield case(v, f'axes-{len(const)}-down', given, expect=want,
                           const=const, to=17)
    if v.since == 19:
        yield case(v, 'wrap-down', [x, i64(*pads)], {'mode': 'wrap'}, to=18,
                   expect=padded(x.array, pads, 'wrap'), const=(1,))


def _pad(v, note, x, pads, want, attrs, value=None):
    name = {1: 'paddings', 2: 'pads'}.get(v.since)
    if name:
        if value is not None:
            attrs = {**attrs, 'value': float(value.array)}
        yield case(v, note, [x], {**attrs, name: pads}, want,
                   dims='symbolic' if value is not None else 'static')
        return
    inputs = [x, i64(*pads)] + ([value] if value is not None else [])
    for const in ((), range(1, len(inputs))):
        if const or attrs.get('mode') is None:
            yield case(v, f'{note}-{"constant" if const else "runtime"}',
                       inputs, attrs, want, const=const,
                       dims='symbolic' if const else 'static')


# ---- random numbers: with parameters that leave one result, and by shape

@cases('RandomNormal', 'RandomUniform', 'RandomNormalLike',
       'RandomUniformLike')
def random(v):
    like = v.op.endswith('Like')
    given, attrs = ([floats(2, 3)], {}) if like else ([], {'shape': [2, 3]})
    same = ({'mean': 2., 'scale': 1e-9} if 'Normal' in v.op else
            {'low': 2., 'high': 2.})
    yield case(v, 'one-value', given, {**attrs, **same},
               np.full((2, 3), 2, np.float32), run=False)
    yield case(v, 'double', given, {**attrs, **same, 'dtype': 11},
               np.full((2, 3), 2.), run=False)
    names = ['x0'] if like else []
    yield model_case(
        v, 'shape', [node(v.op, names, ['r'], **attrs, dtype=11),
                     node('Shape', ['r'], ['y0'])],
        {'x0': floats(2, 3)} if like else {}, [('y0', 7)], expect=[
            Tensor(i64(2, 3))], run=False)


@cases('Bernoulli')
def bernoulli(v):
    """By shape: ONNX Runtime draws 1 with probability 1 - x."""
    nodes = [node('Bernoulli', ['x0'], ['r']), node('Shape', ['r'], ['y0'])]
    yield model_case(v, 'shape', nodes, {'x0': floats(2, 3, low=0, high=1)},
                     [('y0', 7)], expect=[Tensor(i64(2, 3))], run=False)


@cases('Multinomial')
def multinomial(v):
    x = np.array([[-90, 0, -90], [0, -90, -90]], np.float32)
    want = np.array([[1, 1, 1, 1], [0, 0, 0, 0]], np.int32)
    yield case(v, 'certain', [x], {'sample_size': 4}, want, run=False)
    yield case(v, 'dtype', [x], {'sample_size': 4, 'dtype': 7},
               want.astype(np.int64), run=False)


# ---- quantization

def quantized(x, scale, zero, elem):
    info = np.iinfo(np.dtype(str(elem)))
    return np.clip(np.rint(x.astype('f8') / scale) + zero, info.min,
                   info.max).astype(elem)


@cases('QuantizeLinear')
def quantize(v):
    x = floats(2, 3, 4, low=-3, high=3)
    scale = np.float32(.0237)
    for elem, zero in (('uint8', 120), ('int8', -3)):
        want = quantized(x, scale, zero, elem)
        yield case(v, elem, [x, scale, np.array(zero, elem)], expect=want,
                   const=(1, 2) if elem == 'int8' else ())
    yield case(v, 'no-zero', [x, scale], expect=quantized(x, scale, 0, 'uint8'))
    whole = np.array([-700, -3, 0, 9, 1000], np.int32)
    if 'tensor(int32)' in v.schema['type_constraints'].get('T1', ()):
        # int32 data with a float scale: valid up to opset 18.
        if v.since < 19:
            yield case(v, 'int32', [whole, np.float32(4.3), np.uint8(7)],
                       expect=quantized(whole, 4.3, 7, 'uint8'), ort=False)
            # Opsets 19 to 22 want one type for data and scale.
            yield case(v, 'int32-21', [whole, np.float32(4.3), np.uint8(7)],
                       expect=quantized(whole, 4.3, 7, 'uint8'), ort=False,
                       to=21)
    if v.since >= 13:
        scales = np.array([.02, .03, .05], np.float32)
        zeros = np.array([100, 120, 140], np.uint8)
        for axis, note in ((None, 'axis'), (-2, 'axis-negative')):
            want = quantized(x, scales[:, None], zeros[:, None], 'uint8')
            yield case(v, note, [x, scales, zeros], {'axis': axis}, want)
        if v.since == 13:
            yield case(v, 'axis-down', [x, scales, zeros], expect=want, to=12)
            yield case(v, 'default-down', [x, scale, np.uint8(9)], to=12,
                       expect=quantized(x, scale, 9, 'uint8'))
    if v.since >= 19:
        half = x.astype('f2')
        yield case(v, 'half', [half, np.float16(.0625), np.uint8(99)],
                   expect=quantized(half, .0625, 99, 'uint8'))
        eight = Tensor(np.array([0x38, 0xc0, 0x7e]), ELEM['float8e4m3fn'])
        yield case(v, 'float8', [np.array([2, -4, 2e4], 'f4'), np.float32(2),
                                 Tensor(np.array(0), eight.elem)], expect=eight)
    if v.since >= 21:
        yield from quantize_21(v, x, scale)


def quantize_21(v, x, scale):
    block = np.array([[[.02] * 4], [[.03] * 4]], np.float32)
    zero = np.full((2, 1, 4), 100, np.uint8)
    blocked = [x, block, zero]
    want = quantized(x, np.repeat(block, 3, 1), 100, 'uint8')
    attrs = {'axis': 1, 'block_size': 3}
    yield case(v, 'block', blocked, attrs, want)
    yield case(v, 'output-dtype', [x, scale], {'output_dtype': ELEM['int8']},
               quantized(x, scale, 0, 'int8'))
    wide = [x, np.float32(.0001), np.uint16(30000)]
    yield case(v, 'uint16', wide, expect=quantized(x, .0001, 30000, 'uint16'))
    if v.since == 21:
        yield case(v, 'block-down', blocked, attrs, want, to=20)
        yield case(v, 'output-dtype-down', [x, scale], {
            'output_dtype': ELEM['int8']}, quantized(x, scale, 0, 'int8'),
                   to=20)
        yield case(v, 'uint16-down', wide, to=20,
                   expect=quantized(x, .0001, 30000, 'uint16'))
    if v.since >= 23:
        yield case(v, 'precision', [x, scale, np.uint8(3)], {'precision': 1},
                   quantized(x, scale, 3, 'uint8'))


@cases('DequantizeLinear')
def dequantize(v):
    x = ints(2, 3, 4, high=255, dtype=np.uint8)
    scale = np.float32(.03)
    yield case(v, 'uint8', [x, scale, np.uint8(9)],
               expect=((x.astype('f4') - 9) * scale).astype('f4'))
    whole = ints(2, 3, low=-999, high=999, dtype=np.int32)
    yield case(v, 'int32', [whole, scale], expect=whole.astype('f4') * scale)
    scales = np.array([.02, .03, .05], np.float32)
    zeros = np.array([100, 120, 140], np.uint8)
    want = (x.astype('f4') - zeros[:, None]) * scales[:, None]
    if v.since >= 13:
        yield case(v, 'axis', [x, scales, zeros], expect=want, const=(1, 2))
        if v.since == 13:
            yield case(v, 'axis-down', [x, scales, zeros], expect=want, to=12)
    if v.since >= 19:
        yield case(v, 'half', [x, np.float16(.5), np.uint8(9)],
                   expect=((x.astype('f4') - 9) * .5).astype('f2'))
    if v.since >= 21:
        block = np.array([[[.02] * 4], [[.03] * 4]], np.float32)
        attrs = {'axis': 1, 'block_size': 3}
        want = x.astype('f4') * np.repeat(block, 3, 1)
        yield case(v, 'block', [x, block], attrs, want)
        if v.since == 21:
            yield case(v, 'block-down', [x, block], attrs, want, to=20)
    if v.since >= 23:
        want = ((x.astype('f4') - 9) * .5).astype('f2')
        given = [x, np.float32(.5), np.uint8(9)]
        yield case(v, 'output-dtype', given, {'output_dtype': 10}, want)
        if v.since == 23:
            yield case(v, 'output-dtype-down', given, {'output_dtype': 10},
                       want, to=22)


@cases('DynamicQuantizeLinear')
def dynamic_quantize(v):
    yield case(v, 'plain', [floats(2, 5)], outs=3)
    yield case(v, 'positive', [floats(2, 5, low=1)], outs=3)


# ---- strings

@cases('StringNormalizer')
def string_normalizer(v):
    x = np.array(['Monday', 'tuesday', 'THE'], object)
    yield case(v, 'lower', [x], {'case_change_action': 'LOWER',
                                 'stopwords': ['the']},
               np.array(['monday', 'tuesday'], object))
    yield case(v, 'plain', [x], expect=x)


@cases('StringConcat')
def string_concat(v):
    yield case(v, 'plain', [np.array(['a', 'b'], object),
                            np.array(['c'], object)],
               expect=np.array(['ac', 'bc'], object))


@cases('StringSplit')
def string_split(v):
    yield case(v, 'comma', [np.array(['a,b', 'c'], object)], {'delimiter': ','},
               [np.array([['a', 'b'], ['c', '']], object), i64(2, 1)], outs=2)


@cases('RegexFullMatch')
def regex(v):
    yield case(v, 'plain', [np.array(['a1', 'b', 'a12'], object)],
               {'pattern': 'a[0-9]+'}, np.array([True, False, True]))


@cases('TfIdfVectorizer')
def tf_idf(v):
    yield case(v, 'counts', [np.array([2, 3, 5, 3, 5], np.int64)], {
        'mode': 'TF', 'min_gram_length': 1, 'max_gram_length': 2,
        'max_skip_count': 0, 'ngram_counts': [0, 2], 'ngram_indexes': [0, 1, 2],
        'pool_int64s': [3, 5, 3, 5]}, np.array([2, 2, 2], np.float32))


@cases('ImageDecoder')
def image_decoder(v):
    """An uncompressed BMP of 2x2 pixels: rows from the bottom, BGR, padded."""
    rows = [[(1, 2, 3), (40, 50, 60)], [(7, 8, 9), (250, 0, 128)]]
    pixels = b''.join(bytes([*reversed(a), *reversed(b), 0, 0])
                      for a, b in reversed(rows))
    header = (b'BM' + (54 + len(pixels)).to_bytes(4, 'little') + bytes(4) +
              (54).to_bytes(4, 'little') + (40).to_bytes(4, 'little') +
              (2).to_bytes(4, 'little') * 2 + b'\1\0\x18\0' + bytes(4) +
              len(pixels).to_bytes(4, 'little') + bytes(16))
    stream = np.frombuffer(header + pixels, np.uint8)
    yield case(v, 'bmp', [stream], {'pixel_format': 'RGB'}, run=False,
               ort=False)
