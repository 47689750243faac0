# SPDX-License-Identifier: Apache-2.0
"""Reductions, the softmax family, matrix products, sorting and counting."""
import numpy as np

from case import case, cases, floats, i64, pick, sample
from cases_elementwise import FLOATS, apply
from tensors import ELEM, Tensor, make

REDUCE = {
    'ReduceL1': lambda x, **k: np.sum(np.abs(x), **k),
    'ReduceL2': lambda x, **k: np.sqrt(np.sum(x * x, **k)),
    'ReduceLogSum': lambda x, **k: np.log(np.sum(x, **k)),
    'ReduceLogSumExp': lambda x, **k: np.log(np.sum(np.exp(x), **k)),
    'ReduceMax': np.max, 'ReduceMean': np.mean, 'ReduceMin': np.min,
    'ReduceProd': np.prod, 'ReduceSum': np.sum,
    'ReduceSumSquare': lambda x, **k: np.sum(x * x, **k),
}
# What is left of each when no axis is reduced.
ELEMENTWISE = {'ReduceL1': np.abs, 'ReduceL2': np.abs, 'ReduceLogSum': np.log,
               'ReduceSumSquare': np.square}


@cases(*REDUCE)
def reduce_(v):
    function = REDUCE[v.op]
    wanted = [t for t in pick(v, 'T') if t in FLOATS or v.op in (
        'ReduceMax', 'ReduceMin', 'ReduceSum', 'ReduceProd', 'ReduceL1')]
    for elem in wanted:
        x = sample(elem, 2, 3, 4, low=1, high=3)
        if elem == ELEM['bool']:
            x = Tensor(np.arange(24).reshape(2, 3, 4) % 5 > 0)
        for note, axes, keep in (
                ('all', None, None), ('all-flat', None, 0), ('one', [1], 1),
                ('two', [0, 2], 0), ('last', [2], None),
                *([('negative', [-1, 0], 0)] if v.since >= 11 else [])):
            want = apply(lambda a: function(
                a, axis=tuple(axes) if axes else None, keepdims=keep != 0), x)
            yield from _reduce_case(v, f'{elem}-{note}', x, axes,
                                    {'keepdims': keep}, want)
    x = sample(1, 2, 3, 4, low=1, high=3)
    want = apply(lambda a: function(a, axis=1, keepdims=True), x)
    if 'axes' in v.attrs:
        if v.since == 11:
            yield case(v, 'negative-down', [x], {'axes': [-2]}, want, to=1)
            yield case(v, 'negative-unknown-down', [x], {'axes': [-2]}, want,
                       to=1, dims='unknown')
        return
    older = {'to': v.since - 1} if v.previous and 'axes' in (
        v.previous.attrs) else None
    yield case(v, 'runtime', [x, i64(1)], expect=want)
    # The text says an empty list reduces all; ONNX Runtime too.
    everything = apply(lambda a: function(a, keepdims=True), x)
    yield case(v, 'empty', [x, i64()], expect=everything, const=(1,))
    if older:
        yield case(v, 'runtime-down', [x, i64(1)], expect=want, **older)
        yield case(v, 'empty-down', [x, i64()], expect=everything, const=(1,),
                   **older)
    same = apply(ELEMENTWISE.get(v.op, lambda a: a), x)
    for note, inputs, const in (('absent', [x], ()),
                                ('empty', [x, i64()], (1,))):
        # ONNX Runtime returns x itself for all of them.
        options = {'ort': False} if v.op in ELEMENTWISE else {}
        attrs = {'noop_with_empty_axes': 1}
        yield case(v, f'noop-{note}', inputs, attrs, same, const=const,
                   **options)
        if older:
            yield case(v, f'noop-{note}-down', inputs, attrs, same, const=const,
                       **options, **older)


def _reduce_case(v, note, x, axes, attrs, want):
    dims = 'unknown' if note.endswith('one') else 'static'
    if 'axes' in v.attrs:
        yield case(v, note, [x], {'axes': axes, **attrs}, want, dims=dims)
    else:
        inputs = [x] + ([i64(*axes)] if axes else [])
        yield case(v, note, inputs, attrs, want, dims=dims,
                   const=range(1, len(inputs)))


@cases('ArgMax', 'ArgMin')
def arg(v):
    function = np.argmax if v.op == 'ArgMax' else np.argmin
    for elem in pick(v, 'T'):
        if elem not in FLOATS:
            x = make(np.array([[3, 1, 2], [7, 9, 8]]), elem)
        else:
            x = sample(elem, 2, 3)
        for axis, keep in ((None, None), (1, 0),
                           *([(-1, 1)] if v.since >= 11 else [])):
            want = function(x.numbers(), axis=axis or 0)
            if keep != 0:
                want = np.expand_dims(want, axis or 0)
            yield case(v, f'{elem}-{axis}', [x], {'axis': axis,
                                                  'keepdims': keep}, want,
                       dims='symbolic' if axis else 'static')
    if v.since >= 12:
        x = np.array([[1, 3, 3, 2], [0, 5, 0, 5]], np.float32)
        x = x if v.op == 'ArgMax' else -x
        attrs = {'axis': 1, 'select_last_index': 1}
        want = i64(2, 3).reshape(2, 1)
        yield case(v, 'last-index', [x], attrs, want)
        if v.since == 12:
            yield case(v, 'last-index-down', [x], attrs, want, to=11)


def hardmax(x):
    return np.eye(x.shape[1])[np.argmax(x, 1)]


def softmax(x):
    e = np.exp(x - x.max(1, keepdims=True))
    return e / e.sum(1, keepdims=True)


@cases('Softmax', 'LogSoftmax', 'Hardmax')
def softmaxes(v):
    rows = {'Softmax': softmax, 'Hardmax': hardmax,
            'LogSoftmax': lambda x: np.log(softmax(x))}[v.op]

    def coerced(x, axis):
        """"input will be coerced into a 2D tensor": axis and all behind."""
        first = int(np.prod(x.shape[:axis % x.ndim]))
        return rows(x.reshape(first, -1)).reshape(x.shape)

    def along(x, axis):
        front = np.moveaxis(x, axis, -1)
        return np.moveaxis(rows(front.reshape(-1, front.shape[-1])).reshape(
            front.shape), -1, axis)
    function, default = (coerced, 1) if v.since < 13 else (along, -1)
    shapes = [(2, 3, 4), (4, 5), (2, 1, 3, 1)]
    if v.since >= 13:
        shapes.append((5,))
    for elem in pick(v, v.inputs[0]['type_str']):
        for shape in shapes if elem == 1 else shapes[:1]:
            x = sample(elem, *shape)
            for axis in (None, *range(-len(shape) if v.since >= 11 else 0,
                                      len(shape))):
                used = default if axis is None else axis
                note = f'{elem}-{len(shape)}d-{axis}'
                want = apply(lambda a: function(a, used), x)
                yield case(v, note, [x], {'axis': axis}, want)
                # The way back needs known dims: see 'symbolic-back'.
                dims = 'symbolic' if (axis or 0) % 2 else 'unknown'
                if elem == 1:
                    yield case(v, f'{note}-{dims}', [x], {'axis': axis}, want,
                               dims=dims, to=27)
    if v.since < 13:
        x = sample(1, 2, 3, 4)
        yield case(v, 'symbolic-back', [x], {'axis': 1}, apply(
            lambda a: function(a, 1), x), dims='symbolic')
    if v.since == 13:
        x = sample(1, 2, 3, 4)
        for dims in ('static', 'unknown'):
            yield case(v, f'middle-down-{dims}', [x], {'axis': 1}, apply(
                lambda a: along(a, 1), x), to=12, dims=dims)


@cases('LpNormalization')
def lp_normalization(v):
    x = sample(1, 3, 4)
    for p, axis in ((None, None), (1, 0)):
        norm = (np.abs(x.array).sum(0, keepdims=True) if p else
                np.sqrt((x.array ** 2).sum(1, keepdims=True)))
        yield case(v, f'p{p}', [x], {'p': p, 'axis': axis}, x.array / norm)


@cases('Gemm')
def gemm(v):
    broadcast = 'broadcast' in v.attrs
    shapes = [('same', (2, 4), {}), ('row', (4,), {'broadcast': 1}),
              ('scalar', (1,), {'broadcast': 1})]
    if broadcast:
        shapes += [('off', (2, 4), {'broadcast': 0}),
                   ('on', (2, 4), {'broadcast': 1})]
    else:
        shapes += [('column', (2, 1), {}), ('row2', (1, 4), {})]
    for elem in pick(v, 'T'):
        for i, (note, shape, attrs) in enumerate(shapes):
            a, b = sample(elem, 2, 3), sample(elem, 3, 4, seed=1)
            c = sample(elem, *shape, seed=2)
            more = {'alpha': .5, 'beta': 2., 'transA': 1} if i % 2 and (
                elem in FLOATS) else {'transB': 1}

            def product(x, y, z):
                return more.get('alpha', 1) * (x @ y) + more.get('beta', 1) * z
            want = apply(product, a, b, c)
            first = Tensor(a.array.T, elem) if 'transA' in more else a
            second = Tensor(b.array.T, elem) if 'transB' in more else b
            attrs = {**more, **(attrs if broadcast else {})}
            yield case(v, f'{elem}-{note}', [first, second, c], attrs, want,
                       const=(2,) if i == 1 else (),
                       dims='symbolic' if i == 1 else 'static')
    if v.since >= 11:
        want = apply(lambda x, y: x @ y, sample(1, 2, 3), sample(1, 3, 4))
        inputs = [sample(1, 2, 3), sample(1, 3, 4)]
        yield case(v, 'no-c', inputs, expect=want)
        if v.since == 11:
            yield case(v, 'no-c-down', inputs, expect=want, to=9)
    if v.since == 7:
        column = [sample(1, 2, 3), sample(1, 3, 4), sample(1, 2, 1)]
        yield case(v, 'column-down', column, to=6, expect=apply(
            lambda x, y, z: x @ y + z, *column))


@cases('MatMul')
def matmul(v):
    for elem in pick(v, 'T'):
        for a_shape, b_shape in (((2, 3), (3, 4)), ((2, 1, 2, 3), (3, 3, 2)),
                                 ((3,), (2, 3, 2))):
            a, b = sample(elem, *a_shape), sample(elem, *b_shape, seed=4)
            yield case(v, f'{elem}-{len(a_shape)}x{len(b_shape)}', [a, b],
                       expect=apply(np.matmul, a, b))


@cases('Einsum')
def einsum(v):
    a, b = floats(2, 3), floats(3, 4, seed=1)
    yield case(v, 'product', [a, b], {'equation': 'ij,jk->ik'}, a @ b)
    yield case(v, 'ellipsis', [floats(2, 3, 3)], {'equation': '...ii->...i'},
               np.einsum('...ii->...i', floats(2, 3, 3)))


@cases('Det')
def det(v):
    x = floats(2, 3, 3)
    yield case(v, 'batch', [x], expect=np.linalg.det(x).astype('f4'))
    yield case(v, 'one', [x[0]], expect=np.linalg.det(x[0]).astype('f4'))


@cases('TopK')
def top_k(v):
    kinds = pick(v, 'T', kinds=FLOATS | {ELEM[n] for n in ('int64', 'int32',
                                                           'uint8')})
    for elem in kinds:
        x = sample(elem, 3, 5)
        if elem not in FLOATS:
            x = make(np.arange(15).reshape(3, 5) * 7 % 15, elem)
        for axis in (None, 0):
            yield _top_k(v, f'{elem}-{axis}', x, 2, {'axis': axis})
            if v.since >= 11:
                yield _top_k(v, f'{elem}-{axis}-smallest', x, 2,
                             {'axis': axis, 'largest': 0})
    x = sample(1, 3, 5)
    if v.since >= 10:
        yield _top_k(v, 'runtime', x, 3, {}, const=())
    if v.since == 10:
        yield _top_k(v, 'runtime-down', x, 3, {}, const=(), to=9)
        yield _top_k(v, 'constant-down', x, 3, {}, to=9)
    if v.since == 11:
        yield _top_k(v, 'smallest-down', x, 3, {'largest': 0}, to=10)
        yield _top_k(v, 'ints-down', make(np.arange(15).reshape(3, 5) * 7 % 15,
                                          7), 3, {}, to=10)


def _top_k(v, note, x, k, attrs, **options):
    axis = -1 if attrs.get('axis') is None else attrs['axis']
    numbers = x.numbers().astype(float)
    order = np.argsort(numbers if attrs.get('largest') == 0 else -numbers, axis)
    indices = np.take(order, range(k), axis)
    want = [Tensor(np.take_along_axis(x.array, indices, axis), x.elem), indices]
    if 'k' in v.attrs:
        return case(v, note, [x], {'k': k, **attrs}, want, outs=2, **options)
    return case(v, note, [x, i64(k)], attrs, want, outs=2,
                **{'const': (1,), **options})


@cases('CumSum', 'CumProd')
def cumulative(v):
    function = np.cumsum if v.op == 'CumSum' else np.cumprod
    for elem in pick(v, 'T'):
        x = sample(elem, 2, 4)
        for note, attrs in (('plain', {}), ('exclusive', {'exclusive': 1}),
                            ('reverse', {'reverse': 1})):
            def compute(a):
                flip = slice(None, None, -1 if 'reverse' in attrs else 1)
                total = function(a[:, flip], 1)[:, flip]
                if 'exclusive' in attrs:
                    start = np.full((2, 1), function is np.cumprod)
                    total = np.concatenate([start, total[:, :-1]], 1)
                return total
            yield case(v, f'{elem}-{note}', [x, np.array(1)], attrs,
                       apply(compute, x))


@cases('NonZero')
def non_zero(v):
    for elem in pick(v, 'T'):
        x = make(np.array([[0, 1, 2], [3, 0, 0]]), elem)
        yield case(v, f'{elem}', [x], expect=np.array(
            np.nonzero([[0, 1, 2], [3, 0, 0]])), outs=[7])


@cases('Unique')
def unique(v):
    x = np.array([3, 1, 1, 4, 3], np.float32)
    yield case(v, 'sorted', [x], expect=[
        np.array([1, 3, 4], 'f4'), i64(1, 0, 3), i64(1, 0, 0, 2, 1),
        i64(2, 2, 1)], outs=4)
    yield case(v, 'unsorted', [x], {'sorted': 0},
               np.array([3, 1, 4], np.float32))


@cases('OneHot')
def one_hot(v):
    indices = i64(0, 2, 1, 3)
    values = np.array([-1, 5], np.float32)
    eye = np.where(indices[:, None] == np.arange(4), 5, -1).astype('f4')
    yield case(v, 'plain', [indices, np.array(4), values], expect=eye)
    yield case(v, 'axis', [indices, np.array(4), values], {'axis': 0}, eye.T,
               const=(1, 2))
    # "Any entries in the 'indices' input tensor with values outside the range
    # [0, depth)" give an all-off row in version 9, [-depth, depth) in 11.
    signed = i64(-1, 2, 7, -4, -5)
    if v.since >= 11:
        row = np.where(signed < 0, signed + 4, signed)
    else:
        row = np.where(signed < 0, 9, signed)
    want = np.where(row[:, None] == np.arange(4), 5, -1).astype('f4')
    for elem in (1, 6, 7):
        yield case(v, f'signed-{elem}', [make(signed, elem), np.array(4),
                                         values], expect=want, ort=v.since > 9)
    yield case(v, 'signed-depth', [signed, i64(4), values], expect=want,
               const=(2,), dims='symbolic', ort=v.since > 9)
    if v.since == 11:
        yield case(v, 'signed-down', [signed, np.array(4), values], expect=want,
                   to=9, ort=False)
        yield case(v, 'negative-axis-down', [indices, np.array(4), values],
                   {'axis': -2}, eye.T, to=9, ort=False)
