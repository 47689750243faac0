# SPDX-License-Identifier: Apache-2.0
"""Unary and binary operators, and variadic ones; with the broadcasting of
opsets before 7 (`broadcast`, `axis`)."""
import math

import numpy as np

from case import case, cases, i64, model_case, node, pick, sample
from tensors import ELEM, Tensor, make

ERF = np.vectorize(math.erf, otypes=[float])
FLOATS = {ELEM[n] for n in ('float', 'double', 'float16', 'bfloat16')}


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def softplus(x):
    return np.log1p(np.exp(x))


# Operator -> function on float64 (or integers), and the range of inputs.
UNARY = {
    'Abs': (np.abs, -2, 2), 'Acos': (np.arccos, -.9, .9),
    'Acosh': (np.arccosh, 1.1, 4), 'Asin': (np.arcsin, -.9, .9),
    'Asinh': (np.arcsinh, -2, 2), 'Atan': (np.arctan, -2, 2),
    'Atanh': (np.arctanh, -.9, .9), 'Ceil': (np.ceil, -4, 4),
    'Cos': (np.cos, -3, 3), 'Cosh': (np.cosh, -2, 2), 'Erf': (ERF, -2, 2),
    'Exp': (np.exp, -2, 2), 'Floor': (np.floor, -4, 4),
    'HardSwish': (lambda x: x * np.clip(x / 6 + .5, 0, 1), -4, 4),
    'Log': (np.log, .1, 4), 'Mish': (lambda x: x * np.tanh(softplus(x)), -3, 3),
    'Neg': (np.negative, -2, 2), 'Reciprocal': (lambda x: 1 / x, .5, 3),
    'Relu': (lambda x: np.maximum(x, 0), -2, 2), 'Round': (np.rint, -4, 4),
    'Sigmoid': (sigmoid, -3, 3), 'Sign': (np.sign, -2, 2),
    'Sin': (np.sin, -3, 3), 'Sinh': (np.sinh, -2, 2),
    'Softplus': (softplus, -3, 3),
    'Softsign': (lambda x: x / (1 + np.abs(x)), -3, 3),
    'Sqrt': (np.sqrt, .1, 4), 'Tan': (np.tan, -1, 1),
    'Tanh': (np.tanh, -2, 2), 'Not': (np.logical_not, 0, 2),
    'BitwiseNot': (np.invert, 0, 9),
}


def apply(function, *inputs):
    """`function` on tensors, computed in double, back in the type of the
    first."""
    elem = inputs[0].elem
    arrays = [np.asarray(t.numbers(), np.float64) if elem in FLOATS
              else t.array for t in inputs]
    return make(function(*arrays), elem)


def hint(v):
    return {'consumed_inputs': [0]} if 'consumed_inputs' in v.attrs else {}


@cases(*UNARY)
def unary(v):
    function, low, high = UNARY[v.op]
    for elem in pick(v, v.inputs[0]['type_str']):
        if v.op == 'Erf' and elem not in FLOATS:
            continue  # See erf_ints.
        for shape in ((2, 3, 4), (5,)):
            x = sample(elem, *shape, low=low, high=high)
            yield case(v, f'{elem}-{len(shape)}d', [x], hint(v),
                       apply(function, x),
                       dims='symbolic' if len(shape) == 1 else 'static')
    x = sample(pick(v, v.inputs[0]['type_str'])[0], 2, 2, low=low, high=high)
    yield case(v, 'unknown', [x], hint(v), apply(function, x), dims='unknown')
    if v.op == 'Erf' and v.since == 9:
        # Rounding of integer results was never said; here they are exact.
        for elem in (ELEM['int32'], ELEM['int8']):
            x = make(np.array([-90, -7, 0, 8, 60]), elem)
            yield case(v, f'ints-{elem}', [x], expect=make(
                np.sign(x.array), elem), ort=False)


@cases('IsNaN', 'IsInf')
def is_nan(v):
    test = np.isnan if v.op == 'IsNaN' else np.isinf
    x = np.array([[1, np.nan, -np.inf], [np.inf, 0, -2]])
    for elem in pick(v, 'T1'):
        if elem in FLOATS:
            array = Tensor(np.array([0x3f80, 0x7fc0, 0xff80, 0x7f80, 0], 'u2'),
                           elem) if elem == ELEM['bfloat16'] else make(x, elem)
            yield case(v, f'{elem}', [array],
                       expect=test(array.numbers().astype(float)))
    if v.op == 'IsInf':
        for sign in ('positive', 'negative'):
            want = np.isinf(x) & ((x > 0) == (sign == 'positive'))
            yield case(v, f'{sign}-only', [x.astype('f4')], {
                f'detect_{"negative" if sign == "positive" else "positive"}': 0
            }, want)


def _elu(x, alpha=1.0):
    return np.where(x < 0, alpha * np.expm1(x), x)


def _selu(v):
    """Opset 6 gave the default constants more digits."""
    old = v.since == 1

    def function(x, alpha=1.6732 if old else 1.67326319217681884765625,
                 gamma=1.0507 if old else 1.05070102214813232421875):
        return gamma * np.where(x > 0, x, alpha * np.expm1(x))
    return function


# Operator -> version -> function with the attributes as keywords; and the
# attributes of a case that does not use the defaults.
PARAMETRIC = {
    'Celu': (lambda v: lambda x, alpha=1.0: np.maximum(x, 0) + np.minimum(
        0, alpha * np.expm1(x / alpha)), {'alpha': 1.75}),
    'Elu': (lambda v: _elu, {'alpha': 1.75}),
    'HardSigmoid': (lambda v: lambda x, alpha=.2, beta=.5: np.clip(
        alpha * x + beta, 0, 1), {'alpha': .75, 'beta': .25}),
    'LeakyRelu': (lambda v: lambda x, alpha=.01: np.where(
        x < 0, alpha * x, x), {'alpha': .25}),
    'Selu': (_selu, {'alpha': 1.5, 'gamma': .75}),
    'Shrink': (lambda v: lambda x, bias=0.0, lambd=.5: np.where(
        x < -lambd, x + bias, np.where(x > lambd, x - bias, 0)),
        {'bias': .25, 'lambd': .75}),
    'Swish': (lambda v: lambda x, alpha=1.0: x * sigmoid(alpha * x),
              {'alpha': 1.5}),
    'ThresholdedRelu': (lambda v: lambda x, alpha=1.0: np.where(
        x > alpha, x, 0), {'alpha': .5}),
    'Gelu': (lambda v: lambda x, approximate='none': .5 * x * (
        1 + (ERF(x / np.sqrt(2)) if approximate == 'none' else
             np.tanh(np.sqrt(2 / np.pi) * (x + .044715 * x ** 3)))),
             {'approximate': 'tanh'}),
}


@cases(*PARAMETRIC)
def parametric(v):
    make_function, attrs = PARAMETRIC[v.op]
    function = make_function(v)
    for elem in pick(v, v.inputs[0]['type_str'], kinds=FLOATS):
        x = sample(elem, 2, 3, 4)
        # Enough digits to see which default constants were used.
        tight = {1: (2e-6, 1e-7), 11: (1e-7, 1e-9)}.get(elem)
        options = {'tolerance': tight} if v.op == 'Selu' else {}
        yield case(v, f'defaults-{elem}', [x], hint(v), apply(function, x),
                   **options)
        yield case(v, f'attributes-{elem}', [x], {**attrs, **hint(v)},
                   apply(lambda a: function(a, **attrs), x), dims='symbolic',
                   **options)
    if v.op == 'Selu':
        for name, value in attrs.items():
            x = sample(1, 7)
            yield case(v, f'only-{name}', [x], {name: value}, apply(
                lambda a: function(a, **{name: value}), x), **options)


# ---- binary

BINARY = {
    'Add': np.add, 'Sub': np.subtract, 'Mul': np.multiply, 'Div': None,
    'Pow': np.power, 'And': np.logical_and, 'Or': np.logical_or,
    'Xor': np.logical_xor, 'Equal': np.equal, 'Greater': np.greater,
    'Less': np.less, 'GreaterOrEqual': np.greater_equal,
    'LessOrEqual': np.less_equal, 'BitwiseAnd': np.bitwise_and,
    'BitwiseOr': np.bitwise_or, 'BitwiseXor': np.bitwise_xor,
}
LOGICAL = ('And', 'Or', 'Xor', 'Equal', 'Greater', 'Less', 'GreaterOrEqual',
           'LessOrEqual')


def divide(a, b):
    return a / b if a.dtype.kind == 'f' else a // b


def old_broadcast(a, b, broadcast=0, axis=None):
    """B of opset 1 and 6 as its dims line up with A: "if broadcasting is
    enabled, the right-hand-side argument will be broadcasted to match the shape
    of left-hand-side argument"; its shape is a contiguous subset of A's, which
    begins at `axis`, by default the suffix."""
    if not broadcast or b.size == 1:
        assert broadcast or a.shape == b.shape
        return b.reshape((1,) * a.ndim) if broadcast else b
    at = a.ndim - b.ndim if axis is None else axis % a.ndim
    assert all(d in (1, a.shape[at + i]) for i, d in enumerate(b.shape))
    return b.reshape((1,) * at + b.shape + (1,) * (a.ndim - at - b.ndim))


def compute(op, a, b):
    function = divide if op == 'Div' else BINARY[op]
    if op in LOGICAL:
        return Tensor(np.asarray(function(a.numbers(), b.numbers()), bool))
    return apply(function, a, b)


def reshaped(b, array):
    return Tensor(np.asarray(array), b.elem)


def operands(v, elem, a_shape, b_shape):
    positive = v.op in ('Div', 'Pow')
    a = sample(elem, *a_shape, low=1 if positive else -2, high=3)
    b = sample(elem, *b_shape, seed=5, low=1 if positive else -2, high=3)
    if v.op == 'Pow' and elem not in FLOATS:
        b = make(b.array % 3, elem)
    if elem not in v.types(v.inputs[1]['type_str']):
        b = make(b.numbers(), 1)
    if v.op in ('Greater', 'Less', 'Equal', 'GreaterOrEqual', 'LessOrEqual') \
            and a_shape:
        flat = b.array.reshape(-1)
        flat[0] = a.array.reshape(-1)[0]
    return a, b


OLD_SHAPES = [  # A, B, attributes
    ('same', (2, 3, 4), (2, 3, 4), {}),
    ('same0', (2, 3), (2, 3), {'broadcast': 0}),
    ('suffix', (2, 3, 4), (3, 4), {'broadcast': 1}),
    ('suffix1', (2, 3, 4), (4,), {'broadcast': 1}),
    ('axis0', (2, 3, 4), (2, 3), {'broadcast': 1, 'axis': 0}),
    ('axis1', (2, 3, 4, 5), (3, 4), {'broadcast': 1, 'axis': 1}),
    ('axis1-one', (2, 3, 4), (3,), {'broadcast': 1, 'axis': 1}),
    ('axis-negative', (2, 3, 4, 3), (3,), {'broadcast': 1, 'axis': -3}),
    ('square', (3, 3, 3), (3,), {'broadcast': 1, 'axis': 0}),
    ('scalar', (2, 3), (), {'broadcast': 1}),
    ('one', (2, 3), (1,), {'broadcast': 1}),
    ('one-one', (2, 3, 4), (1, 1), {'broadcast': 1}),
    ('axis-last', (2, 3, 4), (4,), {'broadcast': 1, 'axis': 2}),
    ('inner-one', (2, 3, 4), (3, 1), {'broadcast': 1, 'axis': 1}),
]


@cases(*BINARY)
def binary(v):
    if 'broadcast' in v.attrs:
        yield from old_binary(v)
        return
    if v.since == 7:
        yield from binary_downs(v)
    for elem in pick(v, v.inputs[0]['type_str']):
        if elem == ELEM['string'] and v.op != 'Equal':
            continue
        for a_shape, b_shape in (((2, 3, 4), (4,)), ((3, 1), (2, 1, 4)),
                                 ((), (2,)), ((2, 3), (2, 3))):
            a, b = operands(v, elem, a_shape, b_shape)
            yield case(v, f'{elem}-{len(a_shape)}x{len(b_shape)}', [a, b],
                       expect=compute(v.op, a, b),
                       dims='symbolic' if len(a_shape) == 3 else 'static')
    if v.op == 'Pow' and v.since >= 12:
        for base, exponent in ((ELEM['int32'], 1), (1, ELEM['int64']),
                               (11, ELEM['int32'])):
            a = make(np.array([1, 2, 3]), base)
            b = make(np.array([2, 3, 1]), exponent)
            yield case(v, f'mixed-{base}-{exponent}', [a, b],
                       expect=make(np.array([1, 8, 3]), base))


def binary_downs(v):
    """To opset 6: where only B is broadcast, or A and they can be swapped."""
    elem = pick(v, v.inputs[0]['type_str'])[0]
    for note, a_shape, b_shape in (
            ('same', (2, 3), (2, 3)), ('suffix', (2, 3, 4), (3, 4)),
            ('leading', (2, 3, 4), (1, 4)), ('middle', (2, 3, 4), (3, 1)),
            ('first', (2, 3, 4), (2, 1, 1)), ('swapped', (4,), (3, 4)),
            ('both', (3, 1), (1, 4))):
        a, b = operands(v, elem, a_shape, b_shape)
        yield case(v, f'{note}-down', [a, b], to=6,
                   expect=compute(v.op, a, b))
    yield case(v, 'symbolic-down', [a, b], to=6, dims='symbolic',
               expect=compute(v.op, a, b))


def old_binary(v):
    for elem in pick(v, v.inputs[0]['type_str'])[:2]:
        for note, a_shape, b_shape, attrs in OLD_SHAPES:
            if elem not in (1, 9) and note not in ('same', 'axis1'):
                continue
            a, b = operands(v, elem, a_shape, b_shape)
            want = compute(v.op, a, reshaped(b, old_broadcast(
                a.array, b.array, **attrs)))
            yield case(v, f'{elem}-{note}', [a, b], {**attrs, **hint(v)}, want)
            if note in ('suffix', 'axis0', 'axis1-one', 'inner-one'):
                yield case(v, f'{elem}-{note}-constant', [a, b],
                           attrs, want, const=(1,))
            if note == 'axis1':
                # The way back is refused: unknown dims may be 1.
                yield case(v, f'{elem}-{note}-symbolic', [a, b], attrs, want,
                           dims='symbolic', to=27)
    a, b = operands(v, elem, (2, 3, 4), (3, 4))
    yield case(v, 'unknown-suffix', [a, b], {'broadcast': 1},
               compute(v.op, a, b), dims='unknown', to=27)
    a, b = operands(v, elem, (2, 3, 4), (3,))
    attrs = {'broadcast': 1, 'axis': 1}
    want = compute(v.op, a, reshaped(b, old_broadcast(a.array, b.array,
                                                      **attrs)))
    yield case(v, 'unknown-axis', [a, b], attrs, want, dims='unknown')
    turned = [node('Transpose', ['x0'], ['t'], perm=[2, 1, 0]),
              node('Flatten', ['t'], ['f'], axis=2),
              node('Reshape', ['f'], ['r'], shape=[2, 3, 4]) if v.since < 5 else
              node('Reshape', ['f', 'target'], ['r']),
              node(v.op, ['r', 'x1'], ['y0'], **attrs)]
    if elem == 1:  # The ranks are known by inference only.
        values = a.array.reshape(4, 3, 2, order='C')
        whole = Tensor(values.transpose(2, 1, 0).reshape(6, 4).reshape(2, 3, 4))
        want = compute(v.op, whole, reshaped(b, old_broadcast(
            whole.array, b.array, **attrs)))
        yield model_case(
            v, 'inferred', turned, {'x0': values, 'x1': b}, [('y0', want.elem)],
            consts={'target': i64(2, 3, 4)} if v.since >= 5 else {},
            expect=[want], opset=v.since)
    a, b = operands(v, elem, (2, 3, 4), (3, 4))
    yield case(v, 'ir3', [a, b], {'broadcast': 1}, compute(v.op, a, b),
               const=(1,), ir=3)


@cases('BitShift')
def bit_shift(v):
    for elem in pick(v, 'T'):
        a = sample(elem, 2, 3, low=1)
        b = make(np.array([1, 2, 0]), elem)
        for direction, function in (('LEFT', np.left_shift),
                                    ('RIGHT', np.right_shift)):
            yield case(v, f'{direction}-{elem}', [a, b],
                       {'direction': direction},
                       Tensor(function(a.array, b.array), elem))


@cases('Mod')
def mod(v):
    a = np.array([[-7, 7, -4], [5, -3, 6]])
    b = np.array([3, -3, 4])
    for elem in pick(v, 'T'):
        if elem in FLOATS:
            yield case(v, f'fmod-{elem}', [make(a, elem), make(b, elem)],
                       {'fmod': 1}, make(np.fmod(a, b), elem))
    for fmod in (None, 1):
        yield case(v, f'ints-{fmod}', [a, b], {'fmod': fmod},
                   np.fmod(a, b) if fmod else np.mod(a, b))


VARIADIC = {'Max': lambda *a: np.max(np.broadcast_arrays(*a), 0),
            'Min': lambda *a: np.min(np.broadcast_arrays(*a), 0),
            'Sum': lambda *a: np.sum(np.broadcast_arrays(*a), 0),
            'Mean': lambda *a: np.mean(np.broadcast_arrays(*a), 0)}


@cases(*VARIADIC)
def variadic(v):
    shapes = [[(2, 3)], [(2, 3)] * 2, [(2, 3)] * 3]
    if v.since >= 8:
        shapes += [[(2, 3), (3,)], [(1, 3), (2, 1), ()], [(3,), (2, 2, 1)]]
    for elem in pick(v, 'T'):
        for i, group in enumerate(shapes):
            inputs = [sample(elem, *s, seed=k) for k, s in enumerate(group)]
            yield case(v, f'{elem}-{i}', inputs, hint(v),
                       apply(VARIADIC[v.op], *inputs),
                       const=(1,) if i == 2 else (),
                       dims='symbolic' if i % 2 and v.since >= 8 else 'static')
        if v.since < 8:  # Unknown dims may differ, which opset 8 allows.
            yield case(v, f'{elem}-symbolic', inputs, hint(v), dims='symbolic',
                       expect=apply(VARIADIC[v.op], *inputs), to=27)


@cases('PRelu')
def prelu(v):
    def function(x, slope):
        return np.where(x < 0, x * slope, x)
    shapes = [((2, 3, 4), (4,)), ((2, 3, 4), (3, 1)), ((2, 3), (1,)),
              ((2, 3, 4), (2, 3, 4)), ((4, 3, 2), ())]
    if v.since < 7:
        # "If slope is of size 1, the value is shared across different channels"
        shapes = [((2, 3, 4), (3,)), ((2, 3, 3), (3,)), ((2, 3), (3,)),
                  ((2, 3, 2, 2), (3,)), ((2, 3, 4), (1,))]
    for elem in pick(v, 'T'):
        for i, (x_shape, slope_shape) in enumerate(shapes):
            x = sample(elem, *x_shape)
            slope = sample(elem, *slope_shape, seed=3)
            lined = slope
            if v.since < 7 and slope_shape != (1,):
                lined = reshaped(slope, slope.array.reshape(
                    (-1,) + (1,) * (len(x_shape) - 2)))
            for const in ((), (1,)):
                note = 'constant' if const else 'runtime'
                yield case(v, f'{elem}-{i}-{note}', [x, slope], hint(v),
                           apply(function, x, lined), const=const,
                           dims='symbolic' if const else 'static')


@cases('PRelu')
def prelu_unknown(v):
    if v.since < 7:
        x, slope = sample(1, 2, 3, 4), sample(1, 3, seed=3)
        yield case(v, 'unknown', [x, slope], dims='unknown', expect=Tensor(
            np.where(x.array < 0, x.array * slope.array[:, None], x.array)))
        one = sample(1, 1)
        yield case(v, 'unknown-one', [x, one], const=(1,), dims='unknown',
                   expect=Tensor(np.where(x.array < 0, x.array * one.array,
                                          x.array)))
    if v.since == 7:
        x = sample(1, 2, 3, 4)
        for shape in ((3, 1), (1,), (4,), (2, 3, 4)):
            slope = sample(1, *shape, seed=3)
            yield case(v, f'{len(shape)}d{shape[0]}-down', [x, slope], to=6,
                       expect=Tensor(np.where(x.array < 0, x.array *
                                              slope.array, x.array)))


@cases('Where')
def where(v):
    for elem in pick(v, 'T'):
        condition = np.array([[True], [False]])
        a, b = sample(elem, 3), sample(elem, 2, 1, seed=4)
        yield case(v, f'{elem}', [condition, a, b],
                   expect=Tensor(np.where(condition, a.array, b.array), elem))


@cases('Clip')
def clip(v):
    if v.since < 11:
        for elem in pick(v, 'T'):
            for attrs in ({}, {'min': -.5}, {'max': .75},
                          {'min': -1., 'max': 1.}):
                x = sample(elem, 3, 4)
                yield case(v, f'{elem}-{"-".join(attrs)}', [x],
                           {**attrs, **hint(v)},
                           apply(lambda a: np.clip(
                               a, attrs.get('min', -np.inf),
                               attrs.get('max', np.inf)), x))
        return
    for elem in pick(v, 'T'):
        x = sample(elem, 3, 4, high=7)
        low, high = make(1, elem), make(3, elem)
        for note, bounds in (('none', []), ('min', [low]),
                             ('max', [None, high]), ('both', [low, high])):
            want = apply(lambda a: np.clip(
                a, 1 if note in ('min', 'both') else None,
                3 if note in ('max', 'both') else None)
                if bounds else a, x)
            given = tuple(1 + i for i, b in enumerate(bounds) if b)
            for const in sorted({(), given}):
                if const or note in ('none', 'both'):
                    name = f'{elem}-{note}{"-constant" if const else ""}'
                    yield case(v, name, [x, *bounds], expect=want, const=const)
