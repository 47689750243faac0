# SPDX-License-Identifier: Apache-2.0
"""The elements of a TensorProto as the bytes that raw_data would hold."""
import pathlib

_FLOAT, _STRING, _DOUBLE = 1, 8, 11
_COMPLEX64, _COMPLEX128 = 14, 15
_EXTERNAL = 1
# Bits of an element by data type; strings have none.
_BITS = {1: 32, 2: 8, 3: 8, 4: 16, 5: 16, 6: 32, 7: 64, 9: 8, 10: 16, 11: 64,
         12: 32, 13: 64, 14: 64, 15: 128, 16: 16, 17: 8, 18: 8, 19: 8, 20: 8,
         21: 4, 22: 4, 23: 4, 24: 8, 25: 2, 26: 2}
DATA_FIELDS = ('float_data', 'int32_data', 'string_data', 'int64_data',
               'raw_data', 'double_data', 'uint64_data', 'external_data',
               'data_location')


class TensorError(Exception):
    """The elements cannot be had."""


def is_external(tensor):
    return tensor.get('data_location') == _EXTERNAL


def is_string(tensor):
    return tensor.get('data_type') == _STRING


def _byte_count(tensor):
    bits = _BITS.get(tensor.get('data_type', 0))
    if bits is None:
        raise TensorError(f'data type {tensor.get("data_type")} has no size')
    elements = 1
    for dim in tensor.all('dims'):
        elements *= dim
    return (elements * bits + 7) // 8


def _external_bytes(tensor, folder):
    entries = {e.text('key'): e.text('value')
               for e in tensor.all('external_data')}
    path = pathlib.Path(folder) / entries.get('location', '')
    length = int(entries.get('length', _byte_count(tensor)))
    try:
        with open(path, 'rb') as file:
            file.seek(int(entries.get('offset', 0)))
            data = file.read(length)
    except OSError as error:
        raise TensorError(f'external data: {error}') from error
    if len(data) != length:
        raise TensorError(f'external data: {path} is too short')
    return data


def _typed_bytes(tensor):
    for name in ('float_data', 'double_data'):
        if tensor.all(name):
            return b''.join(tensor.all(name))
    for name in ('int32_data', 'int64_data', 'uint64_data'):
        values = tensor.all(name)
        if values:
            # Elements below a byte are packed the same way in both forms.
            width = max(1, _BITS.get(tensor.get('data_type', 0), 64) // 8)
            mask = (1 << 8 * width) - 1
            return b''.join((v & mask).to_bytes(width, 'little')
                            for v in values)
    return b''


def tensor_bytes(tensor, folder):
    """`folder` is that of the model: external locations are relative to it."""
    if is_external(tensor):
        return _external_bytes(tensor, folder)
    return tensor.get('raw_data') or _typed_bytes(tensor)
