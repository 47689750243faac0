# SPDX-License-Identifier: Apache-2.0
"""Pooling and resizing as the texts of the old versions define them."""
import math

import numpy as np


def _windows(shape, kernel, strides=None, pads=None, auto_pad='NOTSET',
             ceil_mode=0, dilations=None):
    """For each spatial axis, the (start, stop, step) of each window, which may
    lie partly outside; and the pads."""
    count = len(kernel)
    strides = strides or [1] * count
    dilations = dilations or [1] * count
    pads = pads or [0] * (2 * count)
    result = []
    for i, (size, k, s, d) in enumerate(zip(shape, kernel, strides, dilations)):
        reach = (k - 1) * d + 1
        begin, end = pads[i], pads[i + count]
        if auto_pad.startswith('SAME'):
            out = math.ceil(size / s)
            total = max((out - 1) * s + reach - size, 0)
            begin = total // 2 if auto_pad == 'SAME_UPPER' else -(-total // 2)
            end = total - begin
        elif auto_pad == 'VALID':
            out = math.ceil((size - reach + 1) / s)
        else:
            room = (size + begin + end - reach) / s
            out = (math.ceil(room) if ceil_mode else math.floor(room)) + 1
            if ceil_mode and (out - 1) * s >= size + begin:
                out -= 1  # "starts in the right padded region": ignored
        result.append(([[o * s - begin + d * j for j in range(k)]
                        for o in range(out)], begin, end))
    return result


def pool(op, x, kernel, p=2, count_include_pad=0, storage_order=0, **attrs):
    del storage_order
    axes = _windows(x.shape[2:], kernel, **attrs)
    out = np.zeros(x.shape[:2] + tuple(len(w) for w, _, _ in axes))
    for at in np.ndindex(*out.shape[2:]):
        inside = [[j for j in w[i] if 0 <= j < n]
                  for (w, _, _), i, n in zip(axes, at, x.shape[2:])]
        padded = [[j for j in w[i] if -begin <= j < n + end]
                  for (w, begin, end), i, n in zip(axes, at, x.shape[2:])]
        cells = x[(slice(None), slice(None), *np.ix_(*inside))]
        over = tuple(range(2, x.ndim))
        counted = padded if count_include_pad else inside
        if op == 'MaxPool':
            value = cells.max(over)
        elif op == 'LpPool':
            value = (np.abs(cells) ** p).sum(over) ** (1 / p)
        else:
            value = cells.sum(over) / math.prod(len(c) for c in counted)
        out[(slice(None), slice(None), *at)] = value
    return out


def max_pool_indices(x, kernel):
    """Values, and their indices in the flattened tensor; strides 1."""
    rows, columns = (n - k + 1 for n, k in zip(x.shape[2:], kernel))
    values = np.zeros(x.shape[:2] + (rows, columns), x.dtype)
    indices = np.zeros(values.shape, np.int64)
    flat = np.arange(x.size).reshape(x.shape)
    for at in np.ndindex(*values.shape):
        where = (*at[:2], *(slice(i, i + k) for i, k in zip(at[2:], kernel)))
        best = np.argmax(x[where])
        values[at] = x[where].ravel()[best]
        indices[at] = flat[where].ravel()[best]
    return values, indices


def upsample(x, height, width, mode):
    """Upsample-1 to -9 and Resize-10: "each dimension value of the output
    tensor is floor(input_dimension * scale)". An output coordinate divided by
    the scale is the coordinate in the input. Nearest: the stored results of
    ONNX take the floor where the scale is 1 or more, else the ceiling."""
    result = x
    for axis, scale in ((2, height), (3, width)):
        size = result.shape[axis]
        at = np.arange(math.floor(size * scale)) / scale
        if mode == 'nearest':
            near = (np.floor(at + 1e-6) if scale >= 1 else
                    np.ceil(at - 1e-6)).astype(int)
            result = np.take(result, np.clip(near, 0, size - 1), axis)
            continue
        low = np.clip(np.floor(at).astype(int), 0, size - 1)
        high = np.clip(low + 1, 0, size - 1)
        part = (at - low).reshape([-1 if a == axis else 1 for a in range(4)])
        result = (np.take(result, low, axis) * (1 - part) +
                  np.take(result, high, axis) * part)
    return result


def tf_half_pixel_nn(x, height, width, rounding):
    """x_original = (x_resized + 0.5) / scale, then `rounding`."""
    functions = {
        None: lambda a: np.ceil(a - .5), 'floor': np.floor, 'ceil': np.ceil,
        'round_prefer_ceil': lambda a: np.floor(a + .5)}
    result = x
    for axis, scale in ((2, height), (3, width)):
        size = result.shape[axis]
        at = (np.arange(math.floor(size * scale)) + .5) / scale
        near = functions[rounding](at).astype(int)
        result = np.take(result, np.clip(near, 0, size - 1), axis)
    return result
