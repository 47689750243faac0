# SPDX-License-Identifier: Apache-2.0
"""Convolutions, pooling, resizing, sampling. ONNX Runtime is the oracle where
no function is given."""
import itertools

import numpy as np

import old_pool
from case import case, cases, floats, i64, ints, pick, sample
from cases_elementwise import FLOATS, apply



@cases('Conv')
def conv(v):
    x, w, b = floats(2, 4, 6, 5), floats(6, 2, 3, 2, seed=1), floats(6, seed=2)
    yield case(v, 'plain', [x, floats(3, 4, 3, 3)])
    attrs = {'group': 2, 'strides': [2, 1], 'pads': [1, 0, 2, 1]}
    yield case(v, 'group', [x, w, b], attrs, const=(1, 2), dims='symbolic')
    yield case(v, 'dilated', [x, w], {'group': 2, 'dilations': [1, 2],
                                      'kernel_shape': [3, 2]})
    for pad in ('SAME_UPPER', 'SAME_LOWER', 'VALID'):
        yield case(v, pad, [x, w, b], {'group': 2, 'auto_pad': pad,
                                       'strides': [2, 2]})
    yield case(v, '1d', [floats(1, 2, 7), floats(3, 2, 3)], {'pads': [1, 1]})


@cases('ConvTranspose')
def conv_transpose(v):
    x, w = floats(2, 4, 3, 4), floats(4, 2, 3, 3, seed=1)
    yield case(v, 'plain', [x, w])
    yield case(v, 'strides', [x, w, floats(2, seed=3)], {
        'strides': [2, 2], 'pads': [1, 0, 0, 1], 'output_padding': [1, 0]},
               const=(1, 2), dims='symbolic')
    yield case(v, 'group', [x, w], {'group': 2, 'dilations': [2, 1]})
    yield case(v, 'shape', [x, w], {'output_shape': [6, 8], 'strides': [2, 2]})
    yield case(v, 'shape-even', [x, w], {'output_shape': [5, 7],
                                         'strides': [2, 2]})
    yield case(v, 'same', [x, w], {'auto_pad': 'SAME_UPPER', 'strides': [2, 2]})


@cases('ConvInteger')
def conv_integer(v):
    x = ints(1, 2, 4, 4, dtype=np.uint8)
    w = ints(3, 2, 2, 2, seed=1, dtype=np.uint8)
    yield case(v, 'plain', [x, w])
    yield case(v, 'zero', [x, w, np.uint8(3)], {'pads': [1, 1, 0, 0]})


@cases('MatMulInteger')
def matmul_integer(v):
    a, b = ints(2, 3, dtype=np.uint8), ints(3, 4, seed=1, dtype=np.int8)
    product = a.astype('i4') @ b.astype('i4')
    yield case(v, 'plain', [a, b], expect=product)
    yield case(v, 'zero', [a, b, np.uint8(2), np.int8(-1)],
               expect=(a.astype('i4') - 2) @ (b.astype('i4') + 1))


@cases('QLinearConv')
def qlinear_conv(v):
    x = ints(1, 2, 4, 4, high=255, dtype=np.uint8)
    w = ints(3, 2, 2, 2, seed=1, high=255, dtype=np.uint8)
    yield case(v, 'plain', [x, np.float32(.02), np.uint8(120), w,
                            np.float32(.013), np.uint8(130), np.float32(.09),
                            np.uint8(110)], {'strides': [2, 2]})


@cases('QLinearMatMul')
def qlinear_matmul(v):
    a = ints(2, 3, high=255, dtype=np.uint8)
    b = ints(3, 4, seed=1, high=255, dtype=np.uint8)
    yield case(v, 'plain', [a, np.float32(.02), np.uint8(120), b,
                            np.float32(.013), np.uint8(130), np.float32(.09),
                            np.uint8(110)])


@cases('DeformConv')
def deform_conv(v):
    x, w = floats(1, 2, 4, 4), floats(2, 2, 2, 2, seed=1)
    offset = floats(1, 8, 3, 3, low=-.5, high=.5, seed=2)
    yield case(v, 'plain', [x, w, offset])
    yield case(v, 'mask', [x, w, offset, floats(2, seed=3),
                           floats(1, 4, 3, 3, seed=5)])


@cases('AveragePool', 'MaxPool', 'LpPool')
def pool(v):
    since_ceil = {'AveragePool': 10, 'MaxPool': 10, 'LpPool': 18}[v.op]
    shape, kernel = (2, 2, 7, 6), [3, 2]
    variants = [('plain', {}), ('strides', {'strides': [2, 3]}),
                ('pads', {'pads': [1, 0, 1, 1], 'strides': [2, 2]}),
                ('upper', {'auto_pad': 'SAME_UPPER', 'strides': [2, 2]}),
                ('lower', {'auto_pad': 'SAME_LOWER', 'strides': [3, 2]}),
                ('valid', {'auto_pad': 'VALID'})]
    if 'count_include_pad' in v.attrs:
        variants.append(('count', {'pads': [1, 1, 1, 0],
                                   'count_include_pad': 1}))
    if v.since >= since_ceil:
        variants.append(('ceil', {'ceil_mode': 1, 'strides': [3, 3]}))
    if 'dilations' in v.attrs:
        variants.append(('dilated', {'dilations': [2, 3]}))
    if v.op == 'LpPool':
        p = (lambda a: {**a, 'p': 3.0}) if v.since == 1 else (
            lambda a: {**a, 'p': 3})
        variants = [(n, a) for n, a in variants] + [
            (n + '-p3', p(a)) for n, a in variants[:3]]
    for elem in pick(v, 'T'):
        for note, attrs in variants if elem == 1 else variants[:2]:
            x = sample(elem, *shape)
            want = apply(lambda a: old_pool.pool(v.op, a, kernel, **attrs), x)
            # ONNX Runtime divides the partial last windows of ceil_mode by what
            # lies in the image, as the text says, in some versions only.
            yield case(v, f'{elem}-{note}', [x],
                       {'kernel_shape': kernel, **attrs}, want,
                       dims='symbolic' if note == 'strides' else 'static')
    x = floats(1, 2, 8)
    yield case(v, '1d', [x], {'kernel_shape': [3]},
               old_pool.pool(v.op, x, [3]).astype('f4'))
    if v.op == 'LpPool' and v.since == 1:
        x = floats(1, 2, 4, 4, low=.5)
        yield case(v, 'p-fraction', [x], {'kernel_shape': [2, 2], 'p': 2.5},
                   old_pool.pool('LpPool', x, [2, 2], p=2.5).astype('f4'))
    yield from pool_downs(v)


def pool_downs(v):
    x = floats(1, 1, 7, 6)

    def down(note, attrs, to, **options):
        return case(v, note, [x], {'kernel_shape': [3, 3], **attrs}, to=to,
                    expect=old_pool.pool(v.op, x, [3, 3], **attrs).astype('f4'),
                    **options)
    if (v.op, v.since) == ('AveragePool', 7):
        yield down('count-down', {'count_include_pad': 1, 'pads': [1] * 4}, 1)
        yield down('default-down', {'pads': [1] * 4}, 1)
    if (v.op, v.since) == ('AveragePool', 19):
        yield down('dilated-down', {'dilations': [2, 1]}, 18)
    if (v.op, v.since) == ('LpPool', 18):
        yield down('dilated-down', {'dilations': [2, 1]}, 17)
    if (v.op, v.since) == ('LpPool', 2):
        yield down('p-down', {'p': 3}, 1)
    if v.op == 'MaxPool':
        if v.since >= 8:
            values, indices = old_pool.max_pool_indices(x, [2, 2])
            yield case(v, 'indices', [x], {'kernel_shape': [2, 2]},
                       [values, indices], outs=2)
            if v.since == 8:
                yield case(v, 'indices-down', [x], {'kernel_shape': [2, 2]},
                           [values, indices], outs=2, to=7)
        if v.since == 10:
            yield down('dilated-down', {'dilations': [2, 1]}, 9)
            yield down('ceil-down', {'ceil_mode': 1, 'strides': [2, 2]}, 9)


@cases('GlobalAveragePool', 'GlobalMaxPool', 'GlobalLpPool')
def global_pool(v):
    for elem in pick(v, 'T'):
        x = sample(elem, 2, 3, 4, 2)
        functions = {
            'GlobalAveragePool': lambda a: a.mean((2, 3), keepdims=True),
            'GlobalMaxPool': lambda a: a.max((2, 3), keepdims=True),
            'GlobalLpPool': lambda a: np.sqrt((a ** 2).sum((2, 3),
                                                           keepdims=True))}
        yield case(v, f'{elem}', [x], expect=apply(functions[v.op], x))
        if v.op == 'GlobalLpPool':
            def cubic(a):
                return (np.abs(a) ** 3).sum((2, 3), keepdims=True) ** (1 / 3)
            yield case(v, f'{elem}-p3', [x], {'p': 3. if v.since == 1 else 3},
                       apply(cubic, x))
    if (v.op, v.since) == ('GlobalLpPool', 1):
        yield case(v, 'p-fraction', [x], {'p': 2.5}, apply(lambda a: (
            np.abs(a) ** 2.5).sum((2, 3), keepdims=True) ** .4, x))


@cases('MaxUnpool')
def max_unpool(v):
    x = floats(1, 1, 2, 2)
    at = i64(0, 3, 8, 15).reshape(1, 1, 2, 2)
    want = np.zeros(16, np.float32)
    want[at.ravel()] = x.ravel()
    yield case(v, 'plain', [x, at], {'kernel_shape': [2, 2],
                                     'strides': [2, 2]},
               want.reshape(1, 1, 4, 4))


@cases('MaxRoiPool')
def max_roi_pool(v):
    rois = np.array([[0, 0, 0, 3, 3], [0, 1, 1, 5, 4]], np.float32)
    yield case(v, 'plain', [floats(1, 2, 6, 6), rois], {'pooled_shape': [2, 2]})
    yield case(v, 'scale', [floats(1, 2, 6, 6), rois],
               {'pooled_shape': [1, 2], 'spatial_scale': .5})


@cases('RoiAlign')
def roi_align(v):
    rois = np.array([[0.3, .7, 3.1, 4.2], [1.2, .4, 4.5, 2.3]], np.float32)
    inputs = [floats(1, 2, 6, 6), rois, i64(0, 0)]
    attrs = {'output_height': 2, 'output_width': 2, 'sampling_ratio': 2}
    yield case(v, 'default', inputs, attrs)
    yield case(v, 'scale', inputs, {**attrs, 'spatial_scale': .75},
               dims='symbolic')
    if v.since >= 16:
        for mode in ('half_pixel', 'output_half_pixel'):
            named = {**attrs, 'coordinate_transformation_mode': mode}
            yield case(v, mode, inputs, named)
            if v.since == 16:
                yield case(v, f'{mode}-down', inputs, named, to=15)


@cases('Upsample')
def upsample(v):
    if v.deprecated:
        return
    for elem in pick(v, v.inputs[0]['type_str'])[:2]:
        for mode, (h, w) in itertools.product(
                ('nearest', 'linear'), ((2, 3), (2, 1), (1.5, 2))):
            x = sample(elem, 1, 2, 3, 4, high=6)
            if mode == 'linear' and elem not in FLOATS:
                continue
            want = apply(lambda a: old_pool.upsample(a, h, w, mode), x)
            note = f'{elem}-{mode}-{h}-{w}'
            scales = [1., 1., float(h), float(w)]
            if v.since == 1:
                attrs = {'height_scale': float(h), 'width_scale': float(w),
                         'mode': {'linear': 'bilinear'}.get(mode, mode)}
                yield case(v, note, [x], attrs, want)
                if mode == 'nearest' and elem == 1:
                    del attrs['mode']
                    yield case(v, note + '-default', [x], attrs, want,
                               dims='symbolic')
            elif v.since == 7:
                yield case(v, note, [x], {'mode': mode, 'scales': scales}, want)
            else:
                inputs = [x, np.array(scales, 'f4')]
                yield case(v, note, inputs, {'mode': mode}, want, const=(1,))
                # Not to return: Resize also takes scales below 1.
                yield case(v, f'{note}-runtime', inputs, {'mode': mode}, want,
                           to=27)
    x = sample(1, 1, 2, 3, 4)
    if v.since == 7:
        yield case(v, '4d-down', [x], {'scales': [1., 1., 2., 3.]}, to=6,
                   expect=apply(lambda a: old_pool.upsample(a, 2, 3, 'nearest'),
                                x))
        yield case(v, 'batch-down', [x], {'scales': [2., 1., 1., 1.]}, to=6,
                   expect=np.repeat(x.array, 2, 0))
    if v.since == 9:
        yield case(v, 'runtime-back', inputs, {'mode': mode}, want)
        for const in ((1,), ()):
            yield case(v, f'down-{len(const)}', [
                x, np.array([1, 1, 2, 3], 'f4')], to=8, const=const,
                       expect=apply(lambda a: old_pool.upsample(
                           a, 2, 3, 'nearest'), x))


@cases('Resize')
def resize(v):
    x = sample(1, 1, 1, 4, 6)
    if v.since == 10:
        for mode, h, w in itertools.product(('nearest', 'linear'), (.5, 1, 2),
                                            (.5, 1, 1.5, 2)):
            scales = np.array([1, 1, h, w], 'f4')
            want = apply(lambda a: old_pool.upsample(a, h, w, mode), x)
            for const in ((1,), ()) if h == w else ((1,),):
                note = 'constant' if const else 'runtime'
                yield case(v, f'{mode}-{h}-{w}-{note}', [x, scales],
                           {'mode': mode}, want, const=const)
        return
    empty = None if v.since >= 13 else np.zeros(0, np.float32)
    scales = np.array([1, 1, 2, 1.5], 'f4')
    smaller = np.array([1, 1, .5, .5], 'f4')
    sizes = i64(1, 1, 3, 8)
    for mode in ('nearest', 'linear', 'cubic'):
        for transformation in (None, 'asymmetric', 'align_corners',
                               'pytorch_half_pixel'):
            attrs = {'mode': mode,
                     'coordinate_transformation_mode': transformation}
            note = f'{mode}-{transformation}'
            yield case(v, f'{note}-up', [x, empty, scales], attrs, const=(2,))
            yield case(v, f'{note}-down-scale', [x, empty, smaller], attrs)
        yield case(v, f'{mode}-sizes', [x, empty, empty, sizes], {'mode': mode},
                   const=(1, 2, 3) if v.since < 13 else (3,), dims='symbolic')
    for rounding in ('floor', 'ceil', 'round_prefer_ceil'):
        yield case(v, rounding, [x, empty, scales], {'nearest_mode': rounding},
                   const=(2,))
    roi = np.array([0, 0, .2, .1, 1, 1, .9, .8], 'f4')
    crop = {'mode': 'linear', 'extrapolation_value': 7.,
            'coordinate_transformation_mode': 'tf_crop_and_resize'}
    yield case(v, 'crop', [x, roi, None if v.since >= 13 else empty, sizes],
               crop, const=(3,))
    yield from resize_steps(v, x, empty, sizes, scales)


def resize_steps(v, x, empty, sizes, scales):
    if v.since == 11:
        for rounding in (None, 'floor', 'ceil', 'round_prefer_ceil'):
            # Nearest with a half-pixel shift on the way in and not back:
            # x_original = (x_resized + 0.5) / scale.
            attrs = {'nearest_mode': rounding,
                     'coordinate_transformation_mode': 'tf_half_pixel_for_nn'}
            yield case(v, f'tf-{rounding}', [x, empty, scales], attrs,
                       apply(lambda a: old_pool.tf_half_pixel_nn(
                           a, 2, 1.5, rounding), x), const=(2,))
        for note, attrs, inputs in (
                ('asymmetric', {'coordinate_transformation_mode': 'asymmetric',
                                'mode': 'linear'}, [x, empty, scales]),
                ('half-pixel', {'mode': 'linear'}, [x, empty, scales]),
                ('cubic', {'coordinate_transformation_mode': 'asymmetric',
                           'mode': 'cubic'}, [x, empty, scales]),
                ('sizes', {'coordinate_transformation_mode': 'asymmetric',
                           'mode': 'linear'}, [x, empty, empty, sizes])):
            yield case(v, f'{note}-down', inputs, attrs,
                       const=range(1, len(inputs)), to=10)
    if v.since == 13:
        yield case(v, 'sizes-down', [x, None, None, sizes], const=(3,), to=12)
    if v.since >= 18:
        yield case(v, 'antialias', [x, None, np.array([1, 1, .5, .5], 'f4')],
                   {'antialias': 1, 'mode': 'linear'}, const=(2,))
        yield case(v, 'axes', [x, None, scales[2:]], {'axes': [2, 3]},
                   const=(2,))
        yield case(v, 'not-larger', [x, None, None, i64(7, 7)], {
            'axes': [2, 3], 'keep_aspect_ratio_policy': 'not_larger'},
                   const=(3,))
    if v.since == 18:
        yield case(v, 'antialias-down', [
            x, None, np.array([1, 1, .5, .5], 'f4')],
                   {'antialias': 1, 'mode': 'linear'}, const=(2,), to=17)
        yield case(v, 'axes-down', [x, None, scales[2:]], {'axes': [2, 3]},
                   const=(2,), to=17)
    if v.since == 19:
        attrs = {'coordinate_transformation_mode': 'half_pixel_symmetric',
                 'mode': 'linear'}
        for note, factors in (('whole', [1, 1, 2, 1.5]),
                              ('part', [1, 1, 2, 1.3])):
            yield case(v, f'symmetric-{note}-down', [
                x, None, np.array(factors, 'f4')], attrs, const=(2,), to=18)


@cases('GridSample')
def grid_sample(v):
    x, grid = floats(1, 2, 4, 5), floats(1, 3, 2, 2, seed=1, low=-1.2, high=1.2)
    names = ('bilinear', 'nearest', 'bicubic') if v.since == 16 else (
        'linear', 'nearest', 'cubic')
    for mode in (None, *names):
        yield case(v, f'{mode}', [x, grid], {'mode': mode, 'align_corners': 1})
        if v.since == 20 and mode != 'nearest':
            yield case(v, f'{mode}-down', [x, grid], {'mode': mode}, to=19)
    for padding in ('border', 'reflection'):
        yield case(v, padding, [x, grid], {'padding_mode': padding})
    if v.since >= 20:
        volume = [floats(1, 1, 3, 3, 3), floats(1, 2, 2, 2, 3, low=-1, high=1)]
        yield case(v, '5d', volume)
        if v.since == 20:
            yield case(v, '5d-down', volume, to=19)


@cases('AffineGrid')
def affine_grid(v):
    theta = np.array([[[1, .2, .3], [-.1, .9, .1]]], np.float32)
    yield case(v, 'plain', [theta, i64(1, 1, 2, 3)])
    yield case(v, 'aligned', [theta, i64(1, 1, 2, 3)], {'align_corners': 1})


@cases('Col2Im')
def col2im(v):
    yield case(v, 'plain', [floats(1, 4, 9), i64(4, 4), i64(2, 2)])


@cases('NonMaxSuppression')
def non_max_suppression(v):
    boxes = np.array([[[0, 0, 1, 1], [0, .1, 1, 1.1], [0, 10, 1, 11],
                       [0, 10.1, 1, 11.1]]], np.float32)
    scores = np.array([[[.9, .75, .6, .95]]], np.float32)
    limits = [i64(3), np.array([.5], 'f4'), np.array([.2], 'f4')]
    want = i64(0, 0, 3, 0, 0, 0).reshape(2, 3)
    yield case(v, 'limits', [boxes, scores, *limits], expect=want)
    yield case(v, 'constant', [boxes, scores, *limits], expect=want,
               const=(2, 3, 4), dims='symbolic')
    yield case(v, 'defaults', [boxes, scores],
               expect=np.zeros((0, 3), np.int64))
