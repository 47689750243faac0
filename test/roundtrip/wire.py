# SPDX-License-Identifier: Apache-2.0
"""A reader of ONNX protobuf files that knows every field of onnx_schema.py,
also those that the installed python3-onnx does not, and drops nothing."""
import pathlib

from onnx_schema import BYTES, FIXED32, FIXED64, MESSAGES, VARINT

_GROUP_START, _GROUP_END = 3, 4


class WireError(Exception):
    """The bytes are not a protobuf message."""


def _varint(buf, pos, end):
    result = shift = 0
    while pos < end:
        byte = buf[pos]
        pos += 1
        result |= (byte & 0x7F) << shift
        if byte < 0x80:
            return result & 0xFFFFFFFFFFFFFFFF, pos
        shift += 7
        if shift > 63:
            raise WireError(f'varint too long at byte {pos}')
    raise WireError(f'varint cut off at byte {pos}')


def _skip_group(buf, pos, end, number):
    while True:
        tag, start = _varint(buf, pos, end)
        if tag == number << 3 | _GROUP_END:
            return pos, start
        _, _, _, pos = _record(buf, pos, end)


def _record(buf, pos, end):
    """Returns (number, wire type, value, next position) of the record at
    `pos`. The value is an int for a varint, otherwise (start, end)."""
    tag, pos = _varint(buf, pos, end)
    number, wire = tag >> 3, tag & 7
    if wire == VARINT:
        value, stop = _varint(buf, pos, end)
        return number, wire, value, stop
    if wire == BYTES:
        length, start = _varint(buf, pos, end)
        stop = start + length
    elif wire == _GROUP_START:
        content_end, stop = _skip_group(buf, pos, end, number)
        return number, wire, (pos, content_end), stop
    elif wire in (FIXED32, FIXED64):
        start, stop = pos, pos + (4 if wire == FIXED32 else 8)
    else:
        raise WireError(f'wire type {wire} at byte {pos}')
    if stop > end:
        raise WireError(f'field {number} runs past the end at byte {pos}')
    return number, wire, (start, stop), stop


def _signed(value, bits):
    value &= (1 << bits) - 1
    return value - (1 << bits) if value >> (bits - 1) else value


def _from_varint(value, type_name):
    if type_name == 'uint64':
        return value
    return _signed(value, 64 if type_name == 'int64' else 32)


class Message:
    """One message, parsed when first asked.

    Values are canonical, whatever spelling the file used: packed and unpacked
    lists are the same, of a repeated singular field the last wins (messages
    are merged), of a oneof the last member set. float and double are kept as
    their bytes: NaN payloads and signed zeros count.
    """

    def __init__(self, type_name, buf, start=0, end=None):
        self.type_name = type_name
        self._buf, self._start = buf, start
        self._end = len(buf) if end is None else end
        self._values = None
        self._unknown = None

    def raw(self):
        return self._buf[self._start:self._end]

    def size(self):
        return self._end - self._start

    def all(self, name):
        """Values of the field `name` in order; () when it is absent."""
        return self.values().get(name, ())

    def get(self, name, default=None):
        values = self.all(name)
        return values[-1] if values else default

    def text(self, name):
        return self.get(name, b'').decode(errors='backslashreplace')

    def values(self):
        """field name -> list of values, of the fields that are present."""
        if self._values is None:
            self._parse()
        return self._values

    def unknown(self):
        """(field number, wire type, value) in file order."""
        if self._unknown is None:
            self._parse()
        return self._unknown

    def _parse(self):
        fields = MESSAGES[self.type_name]
        values, unknown, oneofs = {}, [], {}
        buf, pos = self._buf, self._start
        while pos < self._end:
            number, wire, value, pos = _record(buf, pos, self._end)
            field = fields.get(number)
            packed = (field and field.repeated and wire == BYTES and
                      field.wire != BYTES)
            if not field or (wire != field.wire and not packed):
                kept = buf[value[0]:value[1]] if wire != VARINT else value
                unknown.append((number, wire, kept))
                continue
            if field.oneof:
                previous = oneofs.get(field.oneof)
                if previous not in (None, field.name):
                    del values[previous]
                oneofs[field.oneof] = field.name
            target = values.setdefault(field.name, [])
            if packed:
                target += _unpack(buf, value, field)
            else:
                self._add(target, field, value)
        self._values, self._unknown = values, unknown

    def _add(self, target, field, value):
        buf = self._buf
        if field.is_message:
            value = Message(field.type, buf, *value)
            if target and not field.repeated:
                value = Message(field.type, target[-1].raw() + value.raw())
        elif field.wire == VARINT:
            value = _from_varint(value, field.type)
        else:
            value = buf[value[0]:value[1]]
        if field.repeated:
            target.append(value)
        else:
            target[:] = [value]


def _unpack(buf, span, field):
    pos, end = span
    if field.wire != VARINT:
        width = 4 if field.wire == FIXED32 else 8
        if (end - pos) % width:
            raise WireError(f'packed field {field.name} has a broken length')
        return [buf[p:p + width] for p in range(pos, end, width)]
    values = []
    while pos < end:
        value, pos = _varint(buf, pos, end)
        values.append(_from_varint(value, field.type))
    return values


def read_model(path):
    return Message('ModelProto', pathlib.Path(path).read_bytes())


def walk_graphs(message):
    """Every GraphProto and FunctionProto in `message`, at any depth."""
    if message.type_name in ('GraphProto', 'FunctionProto'):
        yield message
    for name in ('graph', 'functions', 'node', 'attribute', 'g', 'graphs',
                 'training_info', 'initialization', 'algorithm'):
        for child in message.all(name):
            if isinstance(child, Message):
                yield from walk_graphs(child)
