# SPDX-License-Identifier: Apache-2.0
"""Operators that move elements and keep their values."""
import itertools

import numpy as np

from case import case, cases, i64, ints, pick, sample
from tensors import ELEM, Tensor, make

# Types that NumPy lacks; moving their bits is all there is to test.
PACKED = [ELEM[n] for n in ('float8e4m3fn', 'float8e5m2', 'int4', 'uint4',
                            'float4e2m1', 'float8e8m0', 'int2', 'uint2')]


def movers(v, variable='T'):
    """Element types for a case of moving: float, and what is new."""
    new = [t for t in v.new_types(variable) if t in PACKED]
    return pick(v, variable) + new[:2]


def moved(tensor, array):
    return Tensor(array, tensor.elem)


def axes_case(v, note, x, axes, want, **options):
    """`axes` as the attribute or the constant input, as the version has it."""
    if 'axes' in v.attrs:
        return case(v, note, [x], {'axes': axes}, want, **options)
    inputs = [x] + ([i64(*axes)] if axes is not None else [])
    return case(v, note, inputs, expect=want,
                const=(1,) if axes is not None else (), **options)


@cases('Identity', 'Transpose', 'Flatten', 'Squeeze', 'Unsqueeze', 'Reshape')
def shapes(v):
    variable = v.inputs[0]['type_str']
    for elem in movers(v, variable):
        yield from SHAPES[v.op](v, elem, sample(elem, 2, 1, 3, 2))


def identity(v, elem, x):
    for dims in ('static', 'unknown'):
        yield case(v, f'{elem}-{dims}', [x], expect=x, dims=dims)


def transpose(v, elem, x):
    yield case(v, f'{elem}-default', [x], expect=moved(x, x.array.T))
    yield case(v, f'{elem}-perm', [x], {'perm': [2, 0, 3, 1]},
               moved(x, x.array.transpose(2, 0, 3, 1)), dims='symbolic')


def flatten(v, elem, x):
    axes = [None, 0, 3] + ([4] if v.since == 1 else [-1] if v.since >= 11
                           else [])
    for axis in axes:
        at = 1 if axis is None else axis % 4 if axis != 4 else 4
        rows = int(np.prod(x.dims[:at]))
        yield case(v, f'{elem}-{axis}', [x], {'axis': axis},
                   moved(x, x.array.reshape(rows, -1)), dims='symbolic')


def squeeze(v, elem, x):
    want = moved(x, x.array.reshape(2, 3, 2))
    yield axes_case(v, f'{elem}-all', x, None, want)
    yield axes_case(v, f'{elem}-one', x, [1], want, dims='symbolic')
    if v.since >= 11:
        yield axes_case(v, f'{elem}-negative', x, [-3], want)
    if 'axes' not in v.attrs and elem == 1:
        yield case(v, 'runtime', [x, i64(1)], expect=want)
        if v.since == 13:
            yield case(v, 'runtime-down', [x, i64(1)], expect=want, to=12)


def unsqueeze(v, elem, x):
    want = moved(x, x.array.reshape(1, 2, 1, 3, 1, 2))
    yield axes_case(v, f'{elem}-two', x, [0, 4], want, dims='symbolic')
    yield axes_case(v, f'{elem}-unsorted', x, [4, 0], want)
    if v.since >= 11:
        yield axes_case(v, f'{elem}-negative', x, [-6, -2], want)
    if 'axes' not in v.attrs and elem == 1:
        yield case(v, 'runtime', [x, i64(0, 4)], expect=want)
        if v.since == 13:
            yield case(v, 'runtime-down', [x, i64(0, 4)], expect=want, to=12)


def reshape(v, elem, x):
    targets = [('plain', [4, 3]), ('minus', [3, -1]), ('zero', [0, 6]),
               ('both', [0, 1, -1])]
    for note, target in targets:
        real = [x.dims[i] if d == 0 else d for i, d in enumerate(target)]
        want = moved(x, x.array.reshape(real))
        if 'shape' in v.attrs:
            yield case(v, f'{elem}-{note}', [x], {'shape': target}, want,
                       dims='symbolic' if note == 'minus' else 'static')
            continue
        yield case(v, f'{elem}-{note}', [x, i64(*target)], expect=want,
                   const=(1,), dims='symbolic')
        if elem == 1 and note == 'both':
            yield case(v, 'runtime', [x, i64(*target)], expect=want)
            if v.since == 5:
                yield case(v, 'runtime-down', [x, i64(*target)], expect=want,
                           to=4)
                yield case(v, 'constant-down', [x, i64(*target)], expect=want,
                           to=4, const=(1,))
    if v.since in (1, 5) and elem == 1:  # "an empty shape, which means
        one = sample(1, 1, 1)            # converting to a scalar"
        want = one.array.reshape(())
        if v.since == 1:
            yield case(v, 'scalar', [one], {'shape': []}, want)
        else:
            yield case(v, 'scalar', [one, i64()], expect=want, const=(1,))
    if v.since == 1:
        yield case(v, f'{elem}-hint', [x], {'shape': [12],
                                            'consumed_inputs': [0]},
                   moved(x, x.array.reshape(12)))
    if 'allowzero' in v.attrs and elem == 1:
        empty = np.zeros((0, 3), np.float32)
        yield case(v, 'allowzero', [empty, i64(3, 0)], {'allowzero': 1},
                   np.zeros((3, 0), np.float32), const=(1,))
        if v.since == 14:
            yield case(v, 'allowzero-down', [empty, i64(3, 0)],
                       {'allowzero': 1}, np.zeros((3, 0), np.float32),
                       const=(1,), to=13)


SHAPES = {'Identity': identity, 'Transpose': transpose, 'Flatten': flatten,
          'Squeeze': squeeze, 'Unsqueeze': unsqueeze, 'Reshape': reshape}


@cases('Concat')
def concat(v):
    for elem in movers(v):
        parts = [sample(elem, 2, n, 3, seed=n) for n in (1, 2, 3)]
        arrays = [p.array for p in parts]
        if v.since == 1:  # "Default value is 1"
            yield case(v, f'{elem}-default', parts, {},
                       moved(parts[0], np.concatenate(arrays, 1)))
        yield case(v, f'{elem}-1', parts, {'axis': 1},
                   moved(parts[0], np.concatenate(arrays, 1)), dims='symbolic')
        yield case(v, f'{elem}-0', parts[1:2] * 2, {'axis': 0},
                   moved(parts[0], np.concatenate(arrays[1:2] * 2, 0)))
        if v.since >= 11:
            yield case(v, f'{elem}-negative', parts, {'axis': -2},
                       moved(parts[0], np.concatenate(arrays, 1)))
    if v.since == 11:
        yield case(v, 'negative-down', parts, {'axis': -2},
                   moved(parts[0], np.concatenate(arrays, 1)), to=4)
        yield case(v, 'negative-unknown-down', parts, {'axis': -2},
                   moved(parts[0], np.concatenate(arrays, 1)), to=4,
                   dims='unknown')


@cases('Split')
def split(v):
    for elem in movers(v):
        x = sample(elem, 6, 4)
        for axis, lengths, parts in ((None, None, 2), (1, None, 2),
                                     (0, [1, 2, 3], 3), (1, [3, 1], 2)):
            at = np.cumsum(lengths)[:-1] if lengths else parts
            want = [moved(x, a) for a in np.split(x.array, at, axis or 0)]
            attrs = {'axis': axis}
            inputs = [x]
            note = f'{elem}-{axis}-{"lengths" if lengths else "equal"}'
            if 'num_outputs' in v.attrs and not lengths:
                attrs['num_outputs'] = parts
            if lengths and 'split' in v.attrs:
                attrs['split'] = lengths
            elif lengths:
                inputs.append(i64(*lengths))
            yield case(v, note, inputs, attrs, want, outs=parts,
                       const=(1,) if len(inputs) > 1 else (),
                       dims='symbolic' if lengths else 'static')
            if len(inputs) > 1 and elem == 1 and axis == 0:
                yield case(v, 'runtime', inputs, attrs, want, outs=parts)
                if v.since == 13:
                    yield case(v, 'runtime-down', inputs, attrs, want,
                               outs=parts, to=12)
    x = sample(1, 6, 4)
    if v.since == 1:  # Lengths as an input, of the type of the data.
        want = [x.array[:4], x.array[4:]]
        lengths = np.array([4, 2], np.float32)
        yield case(v, 'input-constant', [x, lengths], {'axis': 0}, want, outs=2,
                   const=(1,))
        yield case(v, 'input-runtime', [x, lengths], {'axis': 0}, want, outs=2)
    if v.since == 18:
        want = [x.array[:, :3], x.array[:, 3:]]
        attrs = {'axis': 1, 'num_outputs': 2}
        x5 = sample(1, 2, 5)
        shorter = [x5.array[:, :3], x5.array[:, 3:]]
        yield case(v, 'shorter', [x5], attrs, shorter, outs=2)
        yield case(v, 'shorter-down', [x5], attrs, shorter, outs=2, to=13)
        yield case(v, 'shorter-symbolic-down', [x5], attrs, shorter, outs=2,
                   to=13, dims='symbolic')


@cases('Slice')
def slice_(v):
    for elem in movers(v, v.inputs[0]['type_str']):
        x = sample(elem, 4, 5, 3)
        for note, starts, ends, axes in (
                ('all', [1, 0, 1], [3, 5, 3], None),
                ('axes', [1], [4], [1]), ('negative', [-3, 0], [-1, 2], [1, 0]),
                ('beyond', [1, -100], [1000, 2], [0, 2]),
                ('empty', [3], [3], [0])):
            where = [slice(None)] * 3
            for s, e, a in zip(starts, ends, axes or range(3)):
                where[a] = slice(s, e)
            want = moved(x, x.array[tuple(where)])
            if 'starts' in v.attrs:
                yield case(v, f'{elem}-{note}', [x], {
                    'starts': starts, 'ends': ends, 'axes': axes}, want,
                           dims='symbolic' if note == 'axes' else 'static')
                continue
            inputs = [x, i64(*starts), i64(*ends)] + (
                [i64(*axes)] if axes else [])
            yield case(v, f'{elem}-{note}', inputs, expect=want,
                       const=range(1, len(inputs)), dims='symbolic')
            if elem == 1 and note == 'axes':
                yield case(v, 'runtime', inputs, expect=want)
                yield case(v, 'runtime-ends', inputs, expect=want, const=(3,))
                if v.since == 10:
                    yield case(v, 'runtime-down', inputs, expect=want, to=9)
    if v.since >= 10:
        x = sample(1, 4, 5)
        inputs = [x, i64(3, 0), i64(-5, 5), i64(0, 1), i64(-1, 2)]
        want = x.array[::-1, ::2]
        yield case(v, 'steps', inputs, expect=want, const=(1, 2, 3, 4))
        if v.since == 10:
            yield case(v, 'steps-down', inputs, expect=want,
                       const=(1, 2, 3, 4), to=9)
            yield case(v, 'constant-down', inputs[:4], expect=x.array[3:0, :],
                       const=(1, 2, 3), to=9)


@cases('Gather', 'GatherElements')
def gather(v):
    negative = v.since >= 11
    for elem in movers(v):
        x = sample(elem, 3, 4)
        for axis in (None, 1) + ((-1,) if negative else ()):
            indices = i64(2, 0).reshape(2, 1) if v.op == 'Gather' else (
                ints(2, 4, high=3) if not axis else ints(3, 2, high=4))
            want = (np.take(x.array, indices, axis or 0) if v.op == 'Gather'
                    else np.take_along_axis(x.array, indices, axis or 0))
            yield case(v, f'{elem}-{axis}', [x, indices], {'axis': axis},
                       moved(x, want), dims='symbolic' if axis else 'static')
    x = sample(1, 3, 4)
    if negative and v.op == 'Gather':
        yield case(v, 'negative', [x, i64(-1, 0)], expect=x.array[[-1, 0]])
        if v.since == 11:
            for note, options in (('constant', {'const': (1,)}),
                                  ('runtime', {}),
                                  ('symbolic', {'dims': 'symbolic'})):
                yield case(v, f'negative-down-{note}', [x, i64(-1, 0)],
                           expect=x.array[[-1, 0]], to=1, **options)
    if v.op == 'GatherElements':
        yield case(v, 'negative', [x, i64(-1, 0, 1, -2).reshape(1, 4)],
                   expect=np.take_along_axis(
                       x.array, i64(-1, 0, 1, -2).reshape(1, 4), 0))


@cases('GatherND')
def gather_nd(v):
    for elem in movers(v):
        x = sample(elem, 2, 3, 4)
        indices = i64(0, 2, 1, 0).reshape(2, 2)
        yield case(v, f'{elem}', [x, indices],
                   expect=moved(x, x.array[indices[:, 0], indices[:, 1]]))
        yield case(v, f'{elem}-negative', [x, indices - 1], expect=moved(
            x, x.array[indices[:, 0] - 1, indices[:, 1] - 1]))
        if v.since >= 12:
            want = np.stack([x.array[0, 2], x.array[1, 1]])
            yield case(v, f'{elem}-batch', [x, i64(2, 1).reshape(2, 1)],
                       {'batch_dims': 1}, moved(x, want))
    if v.since == 12:
        x = sample(1, 2, 3, 4)
        yield case(v, 'batch-down', [x, i64(2, 1).reshape(2, 1)],
                   {'batch_dims': 1}, np.stack([x.array[0, 2], x.array[1, 1]]),
                   to=11)


REDUCTIONS = {None: lambda old, new: new, 'add': lambda old, new: old + new,
              'mul': lambda old, new: old * new, 'max': max, 'min': min}


def reductions(v):
    return [None] + (['add', 'mul'] if v.since >= 16 else []) + (
        ['max', 'min'] if v.since >= 18 else [])


@cases('Scatter', 'ScatterElements')
def scatter_elements(v):
    if v.deprecated:
        return
    for elem in movers(v):
        for axis, reduction in itertools.product((None, 1), reductions(v)):
            if reduction and elem != 1:
                continue
            x, updates = sample(elem, 3, 4), sample(elem, 2, 2, seed=3)
            indices = i64(0, 2, 1, 0).reshape(2, 2)
            if reduction:
                indices = i64(1, 0, 1, 1).reshape(2, 2)
            want = x.array.copy()
            for at in np.ndindex(2, 2):
                to = ((at[0], indices[at]) if axis else (indices[at], at[1]))
                want[to] = REDUCTIONS[reduction](want[to], updates.array[at])
            attrs = {'axis': axis, 'reduction': reduction}
            yield case(v, f'{elem}-{axis}-{reduction}', [x, indices, updates],
                       attrs, moved(x, want))
            newest = {16: ('add', 'mul'), 18: ('max', 'min')}
            if axis and reduction in newest.get(v.since, ()):
                yield case(v, f'{reduction}-down', [x, indices, updates], attrs,
                           moved(x, want), to=v.since - 1)
    if v.since >= 11:
        x = sample(1, 3, 4)
        want = x.array.copy()
        want[2, 0], want[0, 1] = 5, 6
        inputs = [x, i64(-1, 0).reshape(1, 2),
                  np.array([[5, 6]], np.float32)]
        yield case(v, 'negative', inputs, expect=want)
        if v.since == 11:
            yield case(v, 'negative-down', inputs, expect=want, to=10)


@cases('ScatterND')
def scatter_nd(v):
    for elem in movers(v):
        for reduction in reductions(v) if elem == 1 else (None,):
            x, updates = sample(elem, 3, 4), sample(elem, 2, 4, seed=3)
            indices = i64(1, 1 if reduction else 2).reshape(2, 1)
            want = x.array.copy()
            for i, row in enumerate(indices[:, 0]):
                for j in range(4):
                    want[row, j] = REDUCTIONS[reduction](want[row, j],
                                                         updates.array[i, j])
            attrs = {'reduction': reduction}
            yield case(v, f'{elem}-{reduction}', [x, indices, updates], attrs,
                       moved(x, want))
            newest = {16: ('add', 'mul'), 18: ('max', 'min')}
            if reduction in newest.get(v.since, ()):
                yield case(v, f'{reduction}-down', [x, indices, updates], attrs,
                           moved(x, want), to=v.since - 1)


@cases('Tile')
def tile(v):
    for elem in movers(v, v.inputs[0]['type_str']):
        x = sample(elem, 2, 3)
        if v.since == 1:
            # "tiles: Number of repeated copies to make of the input tensor.
            # axis: Axis along which to repeat."
            for axis, tiles in itertools.product((0, 1), (1, 3)):
                want = moved(x, np.concatenate([x.array] * tiles, axis))
                inputs = [x, make(tiles, elem), make(axis, elem)]
                yield case(v, f'{elem}-{axis}-{tiles}', inputs, expect=want,
                           const=(1, 2))
            yield case(v, f'{elem}-shape1', [
                x, make([2], elem), make([1], elem)], const=(1, 2),
                       expect=moved(x, np.tile(x.array, (1, 2))))
            yield case(v, f'{elem}-runtime-tiles', inputs, expect=want,
                       const=(2,))
            yield case(v, f'{elem}-runtime', inputs, expect=want)
            continue
        for note, const in (('constant', (1,)), ('runtime', ())):
            yield case(v, f'{elem}-{note}', [x, i64(2, 3)], const=const,
                       expect=moved(x, np.tile(x.array, (2, 3))))
            if v.since == 6 and elem == 1:
                for name, repeats in (('two', i64(2, 3)), ('one', i64(1, 3))):
                    yield case(v, f'{name}-{note}-down', [x, repeats],
                               const=const, to=5,
                               expect=moved(x, np.tile(x.array, repeats)))


@cases('Expand')
def expand(v):
    for elem in movers(v):
        x = sample(elem, 3, 1)
        for note, target in (('up', [2, 3, 4]), ('one', [1, 4]),
                             ('short', [4])):
            want = moved(x, x.array * np.ones(target, x.array.dtype) if x.elem
                         != ELEM['string'] else
                         np.broadcast_arrays(x.array, np.ones(target))[0])
            for const in ((), (1,)):
                yield case(v, f'{elem}-{note}-{len(const)}', [x, i64(*target)],
                           expect=want, const=const, dims='symbolic')


@cases('DepthToSpace')
def depth_to_space(v):
    def compute(array, mode):
        n, c, h, w = array.shape
        if mode == 'CRD':
            split = array.reshape(n, c // 4, 2, 2, h, w)
            return split.transpose(0, 1, 4, 2, 5, 3).reshape(n, c // 4, 2 * h,
                                                             2 * w)
        split = array.reshape(n, 2, 2, c // 4, h, w)
        return split.transpose(0, 3, 4, 1, 5, 2).reshape(n, c // 4, 2 * h,
                                                         2 * w)
    modes = [None] + (['DCR', 'CRD'] if 'mode' in v.attrs else [])
    for elem, mode in itertools.product(movers(v), modes):
        x = sample(elem, 2, 8, 2, 3)
        yield case(v, f'{elem}-{mode}', [x], {'blocksize': 2, 'mode': mode},
                   moved(x, compute(x.array, mode)),
                   dims='symbolic' if mode else 'static')
    if v.since == 11:
        yield case(v, 'CRD-down', [x], {'blocksize': 2, 'mode': 'CRD'},
                   moved(x, compute(x.array, 'CRD')), to=10)


@cases('SpaceToDepth')
def space_to_depth(v):
    for elem in movers(v):
        x = sample(elem, 2, 3, 4, 6)
        want = x.array.reshape(2, 3, 2, 2, 3, 2).transpose(
            0, 3, 5, 1, 2, 4).reshape(2, 12, 2, 3)
        yield case(v, f'{elem}', [x], {'blocksize': 2}, moved(x, want))


@cases('Trilu')
def trilu(v):
    for elem in pick(v, 'T')[:2]:
        x = sample(elem, 2, 3, 4)
        yield case(v, f'{elem}-upper', [x], expect=moved(x, np.triu(x.array)))
        yield case(v, f'{elem}-lower', [x, np.array(1)], {'upper': 0},
                   moved(x, np.tril(x.array, 1)))


@cases('ReverseSequence')
def reverse_sequence(v):
    x = sample(1, 4, 3)
    want = x.array.copy()
    for i, n in enumerate((2, 4, 1)):
        want[:n, i] = want[:n, i][::-1]
    yield case(v, 'default', [x, i64(2, 4, 1)], expect=want)
    yield case(v, 'axes', [x.array.T, i64(2, 4, 1)], {
        'batch_axis': 0, 'time_axis': 1}, want.T)


@cases('Compress')
def compress(v):
    x = sample(1, 3, 4)
    keep = np.array([True, False, True])
    yield case(v, 'flat', [x, keep], expect=x.array.ravel()[[0, 2]])
    for axis in (0,) + ((-1,) if v.since >= 11 else ()):
        yield case(v, f'axis{axis}', [x, keep], {'axis': axis},
                   np.take(x.array, [0, 2], axis), dims='symbolic')
    if v.since == 11:
        yield case(v, 'negative-down', [x, keep], {'axis': -1},
                   x.array[:, [0, 2]], to=9)


@cases('CenterCropPad')
def center_crop_pad(v):
    x = sample(1, 5, 3)
    yield case(v, 'crop-pad', [x, i64(3, 5)],
               expect=np.pad(x.array[1:4], ((0, 0), (1, 1))))
    yield case(v, 'axes', [x, i64(2)], {'axes': [0]}, x.array[1:3])


@cases('TensorScatter')
def tensor_scatter(v):
    past, update = sample(1, 2, 5, 3), sample(1, 2, 2, 3, seed=4)
    want = past.array.copy()
    want[0, 1:3], want[1, 3:5] = update.array
    yield case(v, 'linear', [past, update, i64(1, 3)], {'axis': 1}, want)
    wrapped = past.array.copy()
    for b, start in enumerate((4, 0)):
        for i in range(2):
            wrapped[b, (start + i) % 5] = update.array[b, i]
    yield case(v, 'circular', [past, update, i64(4, 0)],
               {'axis': 1, 'mode': 'circular'}, wrapped)
