# SPDX-License-Identifier: Apache-2.0
"""Casts."""
import numpy as np

from case import case, cases, floats, sample
from tensors import ELEM, Tensor, make


@cases('Cast', 'CastLike')
def cast(v):
    table = {'float': [1.75, -2.25, 0, 200.5], 'int32': [1, -2, 0, 200]}
    pairs = [('float', 'double'), ('float', 'int32'), ('int32', 'float'),
             ('float', 'bool'), ('float', 'float16'), ('int32', 'int64')]
    if v.since >= 9:
        pairs += [('float', 'string'), ('string', 'float')]
    if v.since >= 13:
        pairs += [('float', 'bfloat16'), ('bfloat16', 'float')]
    for source, target in pairs:
        values = np.array(table.get(source, table['int32']))
        x = make(values, ELEM[source]) if source != 'string' else Tensor(
            np.array(['1.5', '-2', '1e3'], object))
        numbers = (x.numbers() if source != 'string' else
                   np.array([1.5, -2, 1000]))
        want = (None if target == 'string' else
                make(np.trunc(numbers) if target.startswith('int') else numbers,
                     ELEM[target]))
        expect = None if want is None else [want]
        outs = [ELEM[target]]
        if v.op == 'CastLike':
            yield case(v, f'{source}-{target}', [x, sample(ELEM[target], 2)],
                       expect=expect, outs=outs)
        else:
            to = target.upper() if v.since == 1 else ELEM[target]
            yield case(v, f'{source}-{target}', [x], {'to': to}, expect=expect,
                       outs=outs)
    yield from cast_new(v)


def cast_new(v):
    """To and from the types that are new in this version; every value used is
    exact in each."""
    codes = {'float8e4m3fn': {1.: 0x38, -2.: 0xc0, 0.: 0},
             'float8e4m3fnuz': {1.: 0x40, -2.: 0xc8, 0.: 0},
             'float8e5m2': {1.: 0x3c, -2.: 0xc0, 0.: 0},
             'float8e5m2fnuz': {1.: 0x40, -2.: 0xc4, 0.: 0},
             'uint4': {1.: 1, 7.: 7, 15.: 15}, 'int4': {1.: 1, -2.: 14, 7.: 7},
             'float4e2m1': {1.: 2, -2.: 12, 6.: 7},
             'float8e8m0': {1.: 127, 2.: 128, .5: 126},
             'uint2': {1.: 1, 3.: 3}, 'int2': {1.: 1, -2.: 2}}
    for name, table in codes.items():
        if ELEM[name] not in v.types(v.outputs[0]['type_str']):
            continue
        numbers = np.array(list(table), np.float32)
        coded = Tensor(np.array(list(table.values())), ELEM[name])
        for source, target in ((numbers, coded), (coded, Tensor(numbers))):
            elem = 1 if target is not coded else target.elem
            note = f'{"to" if target is coded else "from"}-{name}'
            if v.op == 'CastLike':
                yield case(v, note, [source, sample(elem, 2)], expect=target)
            else:
                yield case(v, note, [source], {'to': elem}, expect=target)


@cases('BitCast')
def bit_cast(v):
    x = floats(2, 3)
    yield case(v, 'int32', [x], {'to': ELEM['int32']}, x.view(np.int32))
    yield case(v, 'uint32', [x], {'to': ELEM['uint32']}, x.view(np.uint32))
