#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Tests of compare_models: each kind of damage is found and named, each
allowed difference is allowed. Run by python3 -m unittest."""
import os
import pathlib
import re
import struct
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
# pylint: disable=wrong-import-position
import compare_models
import onnx_schema
from wire import WireError


def varint(value):
    value &= (1 << 64) - 1
    out = b''
    while value > 0x7F:
        out += bytes([value & 0x7F | 0x80])
        value >>= 7
    return out + bytes([value])


def num(field, value):
    return varint(field << 3) + varint(value)


def msg(field, *parts):
    content = b''.join(p.encode() if isinstance(p, str) else p for p in parts)
    return varint(field << 3 | 2) + varint(len(content)) + content


def f32(field, value):
    return varint(field << 3 | 5) + struct.pack('<f', value)


def attr_group(value):
    return msg(5, msg(1, 'group'), num(3, value), num(20, 2))


def node(*extra, name='conv1'):
    return msg(1, msg(1, 'x'), msg(2, 'y'), msg(3, name), msg(4, 'Conv'),
               *extra)


def tensor(*data):
    return msg(5, num(1, 2), num(2, 1), msg(8, 'w'), *data)


RAW = struct.pack('<2f', 1.5, -0.0)
PACKED = msg(4, RAW)
UNPACKED = f32(4, 1.5) + f32(4, -0.0)


def model(*graph, rest=b''):
    return num(1, 8) + rest + msg(7, msg(2, 'g'), *graph)


def external(location='w.bin', *more):
    return (msg(13, msg(1, 'location'), msg(2, location)) +
            b''.join(more) + num(14, 1))


class CompareModelsTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def compare(self, a, b, allowed=compare_models.BINARY):
        paths = []
        for side, content in (('a', a), ('b', b)):
            (self.folder / side).mkdir(exist_ok=True)
            paths.append(self.folder / side / 'm.onnx')
            paths[-1].write_bytes(content)
        differences, self.allowances = compare_models.compare(*paths, allowed)
        return [str(d) for d in differences]

    def assert_found(self, a, b, *wanted):
        self.assertEqual(self.compare(a, b), list(wanted))

    def test_equal(self):
        self.assertEqual(self.compare(model(node()), model(node())), [])

    def test_changed_scalar_is_named_by_its_path(self):
        self.assert_found(model(node(attr_group(1))),
                          model(node(attr_group(2))),
                          "graph.node[0 'conv1'].attribute[group].i: 1 != 2")

    def test_negative_int(self):
        self.assert_found(model(node(attr_group(-1))),
                          model(node(attr_group(1))),
                          "graph.node[0 'conv1'].attribute[group].i: -1 != 1")

    def test_presence_counts(self):
        self.assert_found(model(node(msg(7, ''))), model(node()),
                          "graph.node[0 'conv1'].domain: '' != absent")
        self.assert_found(model(node()), model(node(msg(6, ''))),
                          "graph.node[0 'conv1'].doc_string: absent != ''")
        self.assert_found(model(), b'\x08\x08', 'graph: {3 bytes} != absent')

    def test_dropped_element(self):
        self.assert_found(model(node(), node(name='b')), model(node()),
                          'graph.node: 2 != 1 elements')
        self.assert_found(
            model(node(name='a'), node(name='b')), model(node(name='b')),
            'graph.node: 2 != 1 elements',
            "graph.node[0 'a'].name: 'a' != 'b'")

    def test_order_of_elements_counts(self):
        self.assert_found(model(node(msg(1, 'p'))),
                          model(node(msg(1, 'q'))),
                          "graph.node[0 'conv1'].input[1]: 'p' != 'q'")

    def test_fields_newer_than_onnx_1_12(self):
        self.assert_found(model(node(msg(8, 'v1'))), model(node(msg(8, 'v2'))),
                          "graph.node[0 'conv1'].overload: 'v1' != 'v2'")
        self.assert_found(
            model(rest=msg(26, msg(1, 'c'), num(2, 4))),
            model(rest=msg(26, msg(1, 'c'), num(2, 5))),
            "configuration[0 'c'].num_devices: 4 != 5")

    def test_unknown_fields(self):
        self.assert_found(
            model(node(num(99, 7))), model(node()),
            "graph.node[0 'conv1'].#99: (99, 0, 7) != None")
        self.assert_found(model(rest=msg(99, 'ab')), model(rest=msg(99, 'ac')),
                          "#99: (99, 2, b'ab') != (99, 2, b'ac')")
        group = varint(50 << 3 | 3) + num(1, 2) + varint(50 << 3 | 4)
        self.assertEqual(self.compare(model(rest=group), model(rest=group)),
                         [])
        self.assertEqual(len(self.compare(model(rest=group), model())), 1)

    def test_known_number_with_a_foreign_wire_type_is_unknown(self):
        self.assertEqual(
            len(self.compare(model(rest=msg(1, 'x')), model())), 1)

    def test_field_order_and_packing_do_not_count(self):
        self.assertEqual(
            self.compare(msg(7, msg(2, 'g')) + num(1, 8), model()), [])
        self.assertEqual(
            self.compare(model(tensor(PACKED)), model(tensor(UNPACKED))), [])
        ints = msg(5, msg(1, 'k'), num(8, 1), num(8, -2))
        packed = msg(5, msg(1, 'k'), msg(8, varint(1), varint(-2)))
        self.assertEqual(self.compare(model(node(ints)),
                                      model(node(packed))), [])

    def test_last_singular_and_last_of_oneof_win(self):
        self.assertEqual(self.compare(num(1, 3) + model(), model()), [])
        dim = lambda *d: model(msg(11, msg(1, 'x'), msg(2, msg(1, msg(
            2, msg(1, *d))))))
        self.assertEqual(self.compare(dim(num(1, 4), msg(2, 'N')),
                                      dim(msg(2, 'N'))), [])
        self.assertEqual(len(self.compare(dim(msg(2, 'N')),
                                          dim(num(1, 4)))), 2)

    def test_split_message_is_merged(self):
        split = num(1, 8) + msg(7, msg(2, 'g')) + msg(7, node())
        self.assertEqual(self.compare(split, model(node())), [])

    def test_float_bits_count(self):
        one = lambda bits: model(node(msg(5, msg(1, 'f'), varint(2 << 3 | 5),
                                          bits)))
        nan, other = b'\0\0\xc0\x7f', b'\1\0\xc0\x7f'
        self.assertEqual(self.compare(one(nan), one(nan)), [])
        self.assertEqual(len(self.compare(one(nan), one(other))), 1)
        self.assertEqual(
            len(self.compare(one(b'\0\0\0\0'), one(b'\0\0\0\x80'))), 1)

    def test_weights(self):
        self.assertEqual(
            self.compare(model(tensor(msg(9, b'abcdefgh'))),
                         model(tensor(msg(9, b'abcdefgH')))),
            ["graph.initializer[0 'w'].raw_data: "
             "'abcdefgh' != 'abcdefgH'"])

    def test_typed_to_raw_is_allowed_in_text_only(self):
        typed, raw = model(tensor(PACKED)), model(tensor(msg(9, RAW)))
        self.assertEqual(len(self.compare(typed, raw)), 2)
        self.assertEqual(self.compare(typed, raw, compare_models.TEXT), [])
        changed = model(tensor(msg(9, struct.pack('<2f', 1.5, 0.0))))
        self.assertEqual(
            self.compare(typed, changed, compare_models.TEXT),
            ["graph.initializer[0 'w']: the elements differ"])

    def test_external_to_raw_is_allowed_when_the_bytes_agree(self):
        (self.folder / 'a').mkdir()
        (self.folder / 'a' / 'w.bin').write_bytes(b'..' + RAW)
        entry = lambda k, v: msg(13, msg(1, k), msg(2, v))
        a = model(tensor(external('w.bin', entry('offset', '2'))))
        self.assertEqual(self.compare(a, model(tensor(msg(9, RAW)))), [])
        self.assertEqual(self.allowances['external-data'], 1)
        self.assertEqual(
            self.compare(a, model(tensor(msg(9, b'\0' * 8)))),
            ["graph.initializer[0 'w']: the elements differ"])

    def test_external_data_in_another_folder_is_read(self):
        a = model(tensor(external()))
        for side, data in (('a', RAW), ('b', RAW)):
            (self.folder / side).mkdir()
            (self.folder / side / 'w.bin').write_bytes(data)
        self.assertEqual(self.compare(a, a), [])
        (self.folder / 'b' / 'w.bin').write_bytes(RAW[:-1] + b'\1')
        self.assertEqual(self.compare(a, a),
                         ["graph.initializer[0 'w']: the elements differ"])
        os.remove(self.folder / 'b' / 'w.bin')
        self.assertIn('external data: ', self.compare(a, a)[0])

    def test_report_is_bounded(self):
        many = [node(name=f'n{i}') for i in range(50)]
        other = [node(name=f'm{i}') for i in range(50)]
        self.assertEqual(len(self.compare(model(*many), model(*other))),
                         compare_models.MAX_DIFFERENCES)

    def test_broken_file(self):
        for broken in (b'\x3a\x10ab', b'\xff' * 12, b'\x0f'):
            with self.assertRaises(WireError):
                self.compare(model(), broken)


class SchemaTest(unittest.TestCase):
    def test_agrees_with_the_facts(self):
        default = pathlib.Path(__file__).resolve().parents[3] / 'shared'
        shared = pathlib.Path(os.environ.get('ONNXOPT_SHARED', default))
        facts = shared / 'facts' / 'proto_fields.md'
        if not facts.exists():
            self.skipTest(f'SKIPPED: {facts} is absent')
        sections = facts.read_text().split('## Messages')[1].split('### ')[1:]
        self.assertEqual(len(sections), len(onnx_schema.MESSAGES))
        for section in sections:
            fields = onnx_schema.MESSAGES[section.split()[0]]
            rows = re.findall(r'^\| (\d+) \| (\w+) \| ([\w.]+) \| (\w+)[^|]* '
                              r'\| (\w*) \| (?:yes|\*\*NO)', section, re.M)
            self.assertEqual(len(rows), len(fields))
            for number, name, type_name, label, oneof in rows:
                field = fields[int(number)]
                self.assertEqual(
                    (field.name, field.repeated, field.oneof),
                    (name, label == 'repeated', oneof))
                if field.type != 'enum':
                    self.assertEqual(field.type, type_name)


if __name__ == '__main__':
    unittest.main()
