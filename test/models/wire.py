# SPDX-License-Identifier: Apache-2.0
"""Protobuf's wire format, for what Debian's onnx.proto cannot say.

Encoders return bytes; a negative integer is encoded as its 64-bit two's
complement.  `merge` adds encoded fields to a message object: fields that the
schema lacks stay in it as unknown fields and are written with it.
"""

import struct

VARINT, FIXED64, LEN, START_GROUP, END_GROUP, FIXED32 = range(6)


def varint(value):
    value &= (1 << 64) - 1
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes(out + bytes([value]))


def tag(number, wire_type):
    return varint(number << 3 | wire_type)


def integer(number, value):
    return tag(number, VARINT) + varint(value)


def data(number, *parts):
    """A string, bytes, packed or message field: the parts, concatenated."""
    payload = b"".join(p.encode() if isinstance(p, str) else p for p in parts)
    return tag(number, LEN) + varint(len(payload)) + payload


def packed(number, values):
    return data(number, *map(varint, values))


def fixed32(number, value):
    return tag(number, FIXED32) + struct.pack("<I", value)


def fixed64(number, value):
    return tag(number, FIXED64) + struct.pack("<Q", value)


def group(number, *parts):
    return tag(number, START_GROUP) + b"".join(parts) + tag(number, END_GROUP)


def entry(number, key, value):
    """A StringStringEntryProto."""
    return data(number, data(1, key), data(2, value))


def merge(message, *parts):
    message.MergeFromString(b"".join(parts))
    return message


def read_varint(buf, pos):
    value = shift = 0
    while True:
        byte = buf[pos]
        value |= (byte & 0x7F) << shift
        pos, shift = pos + 1, shift + 7
        if byte < 0x80:
            return value, pos


def fields(buf):
    """Yields (number, wire type, value or payload, the whole field's bytes)."""
    pos = 0
    while pos < len(buf):
        start = pos
        key, pos = read_varint(buf, pos)
        number, wire_type = key >> 3, key & 7
        if wire_type == VARINT:
            value, pos = read_varint(buf, pos)
        else:
            size = {FIXED32: 4, FIXED64: 8}.get(wire_type)
            if size is None:
                assert wire_type == LEN, "groups are not edited"
                size, pos = read_varint(buf, pos)
            value, pos = buf[pos:pos + size], pos + size
        yield number, wire_type, value, buf[start:pos]


def replace(buf, number, fn):
    """Replaces each field `number` by fn(its value or payload)."""
    return b"".join(fn(value) if n == number else whole
                    for n, _, value, whole in fields(buf))


def edit(buf, path, fn):
    """Replaces the payload of each message at `path`, field numbers from the
    outermost message inwards, by fn(payload)."""
    if not path:
        return fn(buf)
    return replace(buf, path[0],
                   lambda sub: data(path[0], edit(sub, path[1:], fn)))
