#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Compares two ONNX files message by message.

  compare_models.py [--text] A.onnx B.onnx

Reads the wire format itself, so that fields newer than the installed
python3-onnx, unknown fields, explicit presence and NaN bits all count; then
asks python3-onnx for a second opinion. Order counts in every repeated field.
--text also allows what a trip through text may change. Exit 0 equal,
1 different, 2 a file cannot be read.
"""
import argparse
import collections
import dataclasses
import pathlib
import struct
import sys

import tensors
from onnx_schema import MESSAGES
from wire import Message, WireError, read_model

# Differences that are allowed, and why. Nothing else is.
ALLOWED = {
    'external-data':
        'an external tensor may be stored in the model or in another file '
        '(the writer decides by size); its bytes are read and compared',
    'tensor-encoding':
        'text has one notation for the elements of a tensor, whichever field '
        'held them; the elements are compared bit by bit',
}
BINARY = frozenset({'external-data'})
TEXT = frozenset(ALLOWED)

MAX_DIFFERENCES = 20
_PROTOBUF_LIMIT = 2 << 30
# The key `location` of an external_data entry, as it is on the wire.
_EXTERNAL_MARK = b'\x0a\x08location'


@dataclasses.dataclass(frozen=True)
class Difference:
    path: str
    field: str  # the last field name of the path
    detail: str

    def __str__(self):
        return f'{self.path}: {self.detail}'


class _Full(Exception):
    """MAX_DIFFERENCES are found: enough to report."""


def _show(value, field):
    if value is None:
        return 'absent'
    if isinstance(value, Message):
        return f'{{{value.size()} bytes}}'
    if field.type in ('float', 'double'):
        code = '<f' if field.type == 'float' else '<d'
        return f'{struct.unpack(code, value)[0]!r} (0x{value[::-1].hex()})'
    if isinstance(value, bytes):
        text = repr(value[:32])[1:]
        return text + (f'... ({len(value)} bytes)' if len(value) > 32 else '')
    return str(value)


def _label(message, index):
    """How a path names an element: attributes by name, others by index and
    name, nodes without a name by their operator."""
    if message.type_name == 'AttributeProto':
        return f'[{message.text("name")}]'
    for name in ('name', 'key', 'op_type', 'tensor_name'):
        if name in (f.name for f in MESSAGES[message.type_name].values()):
            if message.get(name):
                return f"[{index} '{message.text(name)}']"
    return f'[{index}]'


class _Comparer:
    def __init__(self, folder_a, folder_b, allowed, external):
        self._folders = (folder_a, folder_b)
        self._allowed = allowed
        # Equal bytes do not make equal tensors when the elements are in files
        # of two folders.
        self._bytes_decide = not external or folder_a == folder_b
        self.differences = []
        self.allowances = collections.Counter()

    def _report(self, path, field, detail):
        self.differences.append(Difference(path or field, field, detail))
        if len(self.differences) >= MAX_DIFFERENCES:
            raise _Full

    def _same_bytes(self, a, b):
        return (self._bytes_decide and a.size() == b.size() and
                a.raw() == b.raw())

    def message(self, a, b, path=''):
        if self._same_bytes(a, b):
            return
        skip = ()
        if a.type_name == 'TensorProto' and self._same_elements(a, b, path):
            skip = tensors.DATA_FIELDS
        for field in MESSAGES[a.type_name].values():
            if field.name not in skip:
                self._field(field, a.all(field.name), b.all(field.name), path)
        if a.unknown() != b.unknown():
            self._unknown(a.unknown(), b.unknown(), path)

    def _same_elements(self, a, b, path):
        """Whether the elements are stored differently, which is allowed, but
        are the same. Reports them if they are not."""
        if all(a.all(n) == b.all(n) for n in tensors.DATA_FIELDS
               if n != 'external_data') and not tensors.is_external(a):
            return False
        if tensors.is_external(a) or tensors.is_external(b):
            reason = 'external-data'
        else:
            reason = 'tensor-encoding'
        if reason not in self._allowed or tensors.is_string(a):
            return False
        try:
            equal = (tensors.tensor_bytes(a, self._folders[0]) ==
                     tensors.tensor_bytes(b, self._folders[1]))
        except tensors.TensorError as error:
            self._report(path, 'external_data', str(error))
            return True
        if not equal:
            self._report(path, 'raw_data', 'the elements differ')
        self.allowances[reason] += 1
        return True

    def _field(self, field, a, b, path):
        where = f'{path}.{field.name}' if path else field.name
        if field.is_message:
            self._messages(field, a, b, where)
        elif a == b:
            return
        elif not field.repeated:
            self._report(where, field.name,
                         f'{_show(a[0] if a else None, field)} != '
                         f'{_show(b[0] if b else None, field)}')
        elif len(a) != len(b):
            self._report(where, field.name,
                         f'{len(a)} != {len(b)} elements')
        else:
            index = next(i for i in range(len(a)) if a[i] != b[i])
            self._report(f'{where}[{index}]', field.name,
                         f'{_show(a[index], field)} != '
                         f'{_show(b[index], field)}')

    def _messages(self, field, a, b, where):
        if len(a) != len(b):
            detail = (f'{len(a)} != {len(b)} elements' if field.repeated else
                      f'{_show(a[0] if a else None, field)} != '
                      f'{_show(b[0] if b else None, field)}')
            self._report(where, field.name, detail)
        for index, (x, y) in enumerate(zip(a, b)):
            # The label costs a parse, and most elements are equal.
            if self._same_bytes(x, y):
                continue
            before = len(self.differences)
            self.message(x, y, where + (_label(x, index) if field.repeated
                                        else ''))
            if len(a) != len(b) and len(self.differences) > before:
                return  # All that follow are shifted.

    def _unknown(self, a, b, path):
        for index in range(max(len(a), len(b))):
            x = a[index] if index < len(a) else None
            y = b[index] if index < len(b) else None
            if x != y:
                number = (x or y)[0]
                self._report(f'{path}.#{number}' if path else f'#{number}',
                             'unknown field', f'{x} != {y}')
                return


def _second_opinion(path_a, path_b):
    """What python3-onnx says of two files that the wire comparison finds
    equal: a difference, or None."""
    try:
        import onnx
    except ImportError:
        return None
    if max(path_a.stat().st_size, path_b.stat().st_size) >= _PROTOBUF_LIMIT:
        return None
    a, b = onnx.ModelProto(), onnx.ModelProto()
    try:
        a.ParseFromString(path_a.read_bytes())
    except Exception:  # pylint: disable=broad-except
        return None  # It does not read the original: it has no opinion.
    try:
        b.ParseFromString(path_b.read_bytes())
    except Exception as error:  # pylint: disable=broad-except
        return Difference('python3-onnx', '', f'cannot parse: {error}')
    # NaN attributes are not equal to themselves, but serialize the same.
    if a == b or (a.SerializeToString(deterministic=True) ==
                  b.SerializeToString(deterministic=True)):
        return None
    return Difference('python3-onnx', '', 'its ModelProto objects differ')


def compare(path_a, path_b, allowed=BINARY):
    """Returns (differences, allowances used); raises WireError."""
    path_a, path_b = pathlib.Path(path_a), pathlib.Path(path_b)
    model_a, model_b = read_model(path_a), read_model(path_b)
    external = any(_EXTERNAL_MARK in m.raw() for m in (model_a, model_b))
    comparer = _Comparer(path_a.parent.resolve(), path_b.parent.resolve(),
                         allowed, external)
    try:
        comparer.message(model_a, model_b)
    except _Full:
        pass
    if (not comparer.differences and not comparer.allowances and
            model_a.raw() != model_b.raw()):
        opinion = _second_opinion(path_a, path_b)
        if opinion:
            comparer.differences.append(opinion)
    return comparer.differences, comparer.allowances


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument('--text', action='store_true')
    parser.add_argument('a')
    parser.add_argument('b')
    args = parser.parse_args()
    try:
        differences, allowances = compare(args.a, args.b,
                                          TEXT if args.text else BINARY)
    except (OSError, WireError) as error:
        print(error, file=sys.stderr)
        return 2
    for difference in differences:
        print(difference)
    for name, count in allowances.items():
        print(f'allowed {count} times: {ALLOWED[name]}')
    print('different' if differences else 'equal')
    return 1 if differences else 0


if __name__ == '__main__':
    sys.exit(main())
