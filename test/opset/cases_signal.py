# SPDX-License-Identifier: Apache-2.0
"""Signal processing."""
import numpy as np

from case import case, cases, floats
from tensors import ELEM


def pairs(x):
    return np.stack([x.real, x.imag], -1).astype(np.float32)


@cases('DFT')
def dft(v):
    """Axis: an attribute with default 1 in 17, an input with default -2 in 20.
    """
    x = floats(2, 5, 4, 1)
    z = floats(2, 5, 4, 2)
    whole = z[..., 0] + 1j * z[..., 1]
    old = v.since == 17

    def at(axis):
        """(inputs behind the data, attributes, constants)."""
        return ([], {'axis': axis}, ()) if old else (
            [None, np.array(axis)], {}, (2,))
    default = 1 if old else 2
    yield case(v, 'default', [x], expect=pairs(
        np.fft.fft(x[..., 0], axis=default)))
    for axis in (1, 2, -2):
        more, attrs, const = at(axis)
        real = axis if axis > 0 else 2
        yield case(v, f'axis{axis}', [z, *more], attrs,
                   pairs(np.fft.fft(whole, axis=real)), const=const)
        yield case(v, f'inverse{axis}', [z, *more], {**attrs, 'inverse': 1},
                   pairs(np.fft.ifft(whole, axis=real)), const=const,
                   dims='symbolic')
        yield case(v, f'onesided{axis}', [x, *more], {**attrs, 'onesided': 1},
                   pairs(np.fft.rfft(x[..., 0], axis=real)), const=const)
    more, attrs, const = at(2)
    length = [np.array(6)] + more[1:]
    yield case(v, 'length', [z, *length], attrs,
               pairs(np.fft.fft(whole, 6, axis=2)), const=const)
    if v.since == 20:
        want = pairs(np.fft.fft(whole, axis=2))
        yield case(v, 'default-down', [z], expect=want, to=19)
        yield case(v, 'constant-down', [z, None, np.array(2)], expect=want,
                   const=(2,), to=19)
        yield case(v, 'runtime', [z, None, np.array(2)], expect=want)
        yield case(v, 'runtime-down', [z, None, np.array(2)], expect=want,
                   to=19)


@cases('STFT')
def stft(v):
    x = floats(1, 16, 1)
    window = np.hanning(8).astype(np.float32)
    frames = [np.fft.rfft(x[0, s:s + 8, 0] * window) for s in (0, 4, 8)]
    yield case(v, 'window', [x, np.array(4), window],
               expect=pairs(np.stack(frames)[None]))


@cases('BlackmanWindow', 'HammingWindow', 'HannWindow')
def window(v):
    a0, a1, a2 = {'BlackmanWindow': (.42, .5, .08), 'HannWindow': (.5, .5, 0),
                  'HammingWindow': (25 / 46, 21 / 46, 0)}[v.op]
    for periodic in (None, 0):
        n = np.arange(9) * 2 * np.pi / (8 if periodic == 0 else 9)
        want = a0 - a1 * np.cos(n) + a2 * np.cos(2 * n)
        yield case(v, f'{periodic}', [np.array(9)], {'periodic': periodic},
                   want.astype(np.float32), tolerance=(1e-4, 1e-5))
    yield case(v, 'double', [np.array(9)], {'output_datatype': ELEM['double']},
               (a0 - a1 * np.cos(np.arange(9) * 2 * np.pi / 9) + a2 * np.cos(
                   np.arange(9) * 4 * np.pi / 9)))


@cases('MelWeightMatrix')
def mel(v):
    limits = [np.array(8), np.array(16), np.array(8192), np.float32(0),
              np.float32(4096)]
    yield case(v, 'plain', limits, outs=[1])
    yield case(v, 'constant', limits, const=range(5), outs=[1])
