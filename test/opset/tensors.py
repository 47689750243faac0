# SPDX-License-Identifier: Apache-2.0
"""Tensors of every element type, and how they are compared.

A type that NumPy does not have is held as the bit patterns of its elements, in
an array of uint8 or uint16."""
import base64

import numpy as np
import onnx

NAMES = dict(enumerate(
    'float uint8 int8 uint16 int16 int32 int64 string bool float16 double '
    'uint32 uint64 complex64 complex128 bfloat16 float8e4m3fn float8e4m3fnuz '
    'float8e5m2 float8e5m2fnuz uint4 int4 float4e2m1 float8e8m0 uint2 '
    'int2'.split(), 1))
ELEM = {name: number for number, name in NAMES.items()}
NUMPY = {ELEM[name]: np.dtype(dtype) for name, dtype in {
    'float': 'f4', 'uint8': 'u1', 'int8': 'i1', 'uint16': 'u2', 'int16': 'i2',
    'int32': 'i4', 'int64': 'i8', 'string': 'O', 'bool': '?', 'float16': 'f2',
    'double': 'f8', 'uint32': 'u4', 'uint64': 'u8', 'complex64': 'c8',
    'complex128': 'c16'}.items()}
BITS = {ELEM['uint4']: 4, ELEM['int4']: 4, ELEM['float4e2m1']: 4,
        ELEM['uint2']: 2, ELEM['int2']: 2}
STRING, BOOL, BFLOAT16 = ELEM['string'], ELEM['bool'], ELEM['bfloat16']
# rtol, and atol as a part of the largest magnitude. Kernels sum in other orders
# and approximate functions; the 16-bit types get four units in the last place.
TOLERANCE = {1: (1e-4, 1e-6), 11: (1e-6, 1e-8), 10: (4e-3, 2e-3),
             16: (3e-2, 2e-2), 14: (1e-4, 1e-6), 15: (1e-6, 1e-8)}


class Tensor:
    def __init__(self, data, elem=None):
        """`data`: an array, or bit patterns if NumPy does not have `elem`."""
        array = np.asarray(data)
        if array.dtype.kind in 'US':
            array = array.astype(object)
        if elem is None:
            elem = next(n for n, t in NUMPY.items() if t == array.dtype)
        self.elem = elem
        self.array = array.astype(NUMPY.get(
            elem, np.uint16 if elem == BFLOAT16 else np.uint8))

    @property
    def dims(self):
        return list(self.array.shape)

    def to_proto(self, name=''):
        proto = onnx.TensorProto(data_type=self.elem, dims=self.dims, name=name)
        if self.elem == STRING:
            proto.string_data.extend(s.encode() for s in self.array.ravel())
        else:
            proto.raw_data = self._raw()
        return proto

    def _raw(self):
        bits = BITS.get(self.elem)
        if not bits:
            return np.ascontiguousarray(self.array).tobytes()
        per = 8 // bits
        codes = self.array.ravel() & ((1 << bits) - 1)
        codes = np.pad(codes, (0, -len(codes) % per)).reshape(-1, per)
        return sum(codes[:, i] << (bits * i)
                   for i in range(per)).astype(np.uint8).tobytes()

    @staticmethod
    def _from_raw(raw, elem, dims):
        bits = BITS.get(elem)
        if not bits:
            dtype = NUMPY.get(elem, np.dtype(
                'u2' if elem == BFLOAT16 else 'u1'))
            return Tensor(np.frombuffer(raw, dtype).reshape(dims), elem)
        packed = np.frombuffer(raw, np.uint8)
        codes = np.stack([packed >> (bits * i) & ((1 << bits) - 1)
                          for i in range(8 // bits)], -1).ravel()
        return Tensor(codes[:int(np.prod(dims))].reshape(dims), elem)

    @staticmethod
    def from_proto(proto):
        if proto.data_type == STRING:
            strings = [s.decode() for s in proto.string_data]
            return Tensor(np.array(strings, object).reshape(proto.dims), STRING)
        if proto.HasField('raw_data'):
            return Tensor._from_raw(proto.raw_data, proto.data_type,
                                    list(proto.dims))
        if proto.data_type in NUMPY:
            return Tensor(onnx.numpy_helper.to_array(proto), proto.data_type)
        return Tensor._from_raw(
            np.array(proto.int32_data, np.int32).astype(
                'u2' if proto.data_type == BFLOAT16 else 'u1').tobytes(),
            proto.data_type, list(proto.dims))

    def to_job(self, name):
        """As run_models.js takes it."""
        data = (list(self.array.ravel()) if self.elem == STRING else
                base64.b64encode(self._raw()).decode())
        return {'name': name, 'type': self.elem, 'dims': self.dims,
                'data': data}

    @staticmethod
    def from_job(job):
        if job['type'] == STRING:
            return Tensor(np.array(job['data'], object).reshape(job['dims']),
                          STRING)
        return Tensor._from_raw(base64.b64decode(job['data']), job['type'],
                                job['dims'])

    def numbers(self):
        if self.elem == BFLOAT16:
            bits = self.array.ravel().astype(np.uint32) << 16
            return bits.view(np.float32).reshape(self.dims)
        return self.array


def bfloat16(values):
    """Rounded to nearest even; no NaN."""
    bits = np.asarray(values, np.float32).view(np.uint32)
    return Tensor((bits + 0x7fff + (bits >> 16 & 1)) >> 16, BFLOAT16)


def make(array, elem):
    """`array` converted to element type number `elem`."""
    if elem == BFLOAT16:
        return bfloat16(array)
    if elem == STRING:
        return Tensor(np.vectorize(str, otypes=[object])(array), STRING)
    return Tensor(np.asarray(array).astype(NUMPY.get(elem, np.uint8)), elem)


def difference(want, got, tolerance=None):
    """What is wrong with `got`, else None."""
    if want.elem != got.elem:
        return f'type {NAMES[got.elem]}, not {NAMES[want.elem]}'
    if want.dims != got.dims:
        return f'shape {got.dims}, not {want.dims}'
    a, b = want.numbers(), got.numbers()
    if want.elem in TOLERANCE:
        rtol, part = tolerance or TOLERANCE[want.elem]
        finite = np.abs(a[np.isfinite(a)])
        atol = part * (finite.max() if finite.size else 0) + 1e-7
        with np.errstate(all='ignore'):
            same = np.isclose(b.astype('c16'), a.astype('c16'), rtol, atol,
                              equal_nan=True)
    else:
        same = a == b
    if np.all(same):
        return None
    at = tuple(int(i) for i in np.argwhere(~np.asarray(same))[0])
    return f'{b[at]}, not {a[at]}, at {list(at)}'
