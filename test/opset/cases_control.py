# SPDX-License-Identifier: Apache-2.0
"""Control flow, whose bodies are converted too, sequences and optionals."""
import numpy as np
import onnx
from onnx import TensorProto

from case import cases, floats, i64, model_case, node
from cases_reduce import softmax
from tensors import Tensor

FLOAT, BOOL, INT64 = TensorProto.FLOAT, TensorProto.BOOL, TensorProto.INT64


def info(name, elem=FLOAT, dims=None):
    return onnx.helper.make_tensor_value_info(name, elem, dims)


def graph(nodes, inputs, outputs, initializers=()):
    return onnx.helper.make_graph(nodes, 'body', inputs, outputs, initializers)


def old_softmax(x, v):
    """Axis 0: of versions before 13, over all elements."""
    if v < 13:
        return softmax(x.reshape(1, -1)).reshape(x.shape)
    return softmax(x.T).T


def body_sub(opset, a, b, out):
    """A node whose form changes at opset 7: B lines up with the first dim."""
    if opset < 7:
        return [node('Sub', [a, b], [out], broadcast=1, axis=0)]
    axes = ({'axes': [1]} if opset < 13 else {})
    more = [] if axes else ['one']
    return [node('Unsqueeze', [b, *more], [f'{out}_b'], **axes),
            node('Sub', [a, f'{out}_b'], [out])]


@cases('If')
def if_(v):
    for opset in {v.since, v.last}:
        x, b = floats(3, 4), floats(3, seed=1)
        then = graph([node('Softmax', ['x'], ['t'], axis=0)], [], [info('t')])
        other = graph(body_sub(opset, 'x', 'b', 'e'), [], [info('e')])
        for condition in (True, False):
            want = old_softmax(x, opset) if condition else x - b[:, None]
            for dims in ('static', 'symbolic'):
                if dims == 'symbolic' and opset < 7:
                    continue
                yield model_case(
                    v, f'{opset}-{condition}-{dims}',
                    [node('If', ['c'], ['y0'], then_branch=then,
                          else_branch=other)],
                    {'c': np.array(condition), 'x': x, 'b': b}, [('y0', FLOAT)],
                    consts={'one': i64(1)} if opset >= 13 else {},
                    expect=[Tensor(want.astype('f4'))], opset=opset, dims=dims,
                    to=27 if dims == 'symbolic' and opset < 13 else None)
    if v.since >= 13:
        seq = onnx.helper.make_tensor_sequence_value_info
        branches = [graph([node('SequenceConstruct', [n, n], [o])], [],
                          [seq(o, FLOAT, None)]) for n, o in
                    (('x', 't'), ('z', 'e'))]
        nodes = [node('If', ['c'], ['s'], then_branch=branches[0],
                      else_branch=branches[1]),
                 node('SequenceAt', ['s', 'one'], ['y0'])]
        x, z = floats(2), floats(3, seed=2)
        inputs = {'c': np.array(False), 'x': x, 'z': z}
        yield model_case(v, 'sequence', nodes, inputs, [('y0', FLOAT)],
                         consts={'one': np.array(1)}, expect=[Tensor(z)])


def loop_body(opset, more=()):
    nodes = body_sub(opset, 'a', 'b', 'a_out') + [
        node('Identity', ['a_out'], ['scan']), *more]
    if not more:
        nodes.append(node('Identity', ['go'], ['go_out']))
    return graph(nodes, [info('i', INT64, []), info('go', BOOL, []),
                         info('a', FLOAT, [3, 2])],
                 [info('go_out', BOOL, []), info('a_out'), info('scan')])


@cases('Loop')
def loop(v):
    a, b = floats(3, 2), floats(3, seed=1)
    states = [a - n * b[:, None] for n in (1, 2, 3)]
    expect = [Tensor(states[2].astype('f4')),
              Tensor(np.stack(states).astype('f4'))]
    outputs = [('y0', FLOAT), ('y1', FLOAT)]
    for opset in {v.since, v.last}:
        consts = {'one': i64(1)} if opset >= 13 else {}
        yield model_case(
            v, f'{opset}-count', [node('Loop', ['m', 'c', 'a'], ['y0', 'y1'],
                                       body=loop_body(opset))],
            {'m': np.array(3), 'c': np.array(True), 'a': a, 'b': b}, outputs,
            consts=consts, expect=expect, opset=opset)
        # Ends by the condition: while the sum is below a limit.
        total = node('ReduceSum', ['a_out'], ['sum'], keepdims=0)
        limit = np.float32((states[1].sum() + states[2].sum()) / 2)
        compare = 'Less' if states[2].sum() > limit else 'Greater'
        yield model_case(
            v, f'{opset}-condition',
            [node('Loop', ['', 'c', 'a'], ['y0', 'y1'], body=loop_body(
                opset, [total, node(compare, ['sum', 'limit'], ['go_out'])]))],
            {'c': np.array(True), 'a': a, 'b': b, 'limit': limit}, outputs,
            consts=consts, expect=expect, opset=opset)
    if v.since >= 11:
        body = graph([node('Identity', ['go'], ['go_out']),
                      node('Identity', ['i'], ['scan'])],
                     [info('i', INT64, []), info('go', BOOL, [])],
                     [info('go_out', BOOL, []), info('scan', INT64)])
        nodes = [node('Loop', ['m', ''], ['y0'], body=body)]
        for note, options in (('no-state', {}), ('no-state-down', {'to': 10})):
            if v.since == 11 or not options:
                yield model_case(v, note, nodes, {'m': np.array(3)},
                                 [('y0', INT64)], expect=[Tensor(i64(0, 1, 2))],
                                 **options)


def scan_body():
    return graph([node('Add', ['s', 'x'], ['s_out']),
                  node('Identity', ['s_out'], ['y'])],
                 [info('s', FLOAT, [2]), info('x', FLOAT, [2])],
                 [info('s_out', FLOAT, [2]), info('y', FLOAT, [2])])


@cases('Scan')
def scan(v):
    s, x = floats(2), floats(4, 2, seed=1)
    total = s + np.cumsum(x, 0)
    outputs = [('y0', FLOAT), ('y1', FLOAT)]
    attrs = {'body': scan_body(), 'num_scan_inputs': 1}
    if v.since == 8:
        yield from scan_8(v, outputs)
        return
    expect = [Tensor(total[3].astype('f4')), Tensor(total.astype('f4'))]
    nodes = [node('Scan', ['s', 'x'], ['y0', 'y1'], **attrs)]
    yield model_case(v, 'plain', nodes, {'s': s, 'x': x}, outputs,
                     expect=expect)
    back = s + np.cumsum(x[::-1], 0)
    for note, more, data, want in (
            ('reverse', {'scan_input_directions': [1]}, x, [back[3], back]),
            ('axis', {'scan_input_axes': [1]}, x.T, expect),
            ('output-axis', {'scan_output_axes': [1]}, x, [total[3], total.T]),
            ('output-reverse', {'scan_output_directions': [1]}, x,
             [total[3], total[::-1]])):
        want = [t if isinstance(t, Tensor) else Tensor(t.astype('f4'))
                for t in want]
        nodes = [node('Scan', ['s', 'x'], ['y0', 'y1'], **attrs, **more)]
        yield model_case(v, note, nodes, {'s': s, 'x': data}, outputs,
                         expect=want, dims='symbolic')
        if v.since == 9:
            yield model_case(v, f'{note}-down', nodes, {'s': s, 'x': data},
                             outputs, expect=want, to=8)
    if v.since == 9:
        nodes = [node('Scan', ['s', 'x'], ['y0', 'y1'], **attrs)]
        yield model_case(v, 'plain-down', nodes, {'s': s, 'x': x}, outputs,
                         expect=expect, to=8)


def scan_8(v, outputs):
    """Axis 0 is the batch, axis 1 the sequence; sequence_lens may be given."""
    for batch, directions, lengths in ((1, None, None), (3, None, None),
                                       (3, [1], None), (2, None, [2, 4])):
        s, x = floats(batch, 2), floats(batch, 4, 2, seed=1)
        scan_x = x[:, ::-1] if directions else x
        y = s[:, None] + np.cumsum(scan_x, 1)
        last = y[:, 3].copy()
        for i, length in enumerate(lengths or ()):
            last[i] = y[i, length - 1]
            y[i, length:] = 0
        inputs = {'s': s, 'x': x}
        if lengths:
            inputs['n'] = np.array(lengths)
        made = node('Scan', ['n' if lengths else '', 's', 'x'], ['y0', 'y1'],
                    body=scan_body(), num_scan_inputs=1, directions=directions)
        note = f'{batch}{"-reverse" if directions else ""}' + (
            '-lengths' if lengths else '')
        for dims in ('static', 'symbolic'):
            yield model_case(v, f'{note}-{dims}', [made], inputs, outputs,
                             dims=dims, expect=[Tensor(last.astype('f4')),
                                                Tensor(y.astype('f4'))])


# ---- sequences

@cases('SequenceConstruct', 'SequenceAt', 'SequenceErase', 'SequenceInsert',
       'SequenceLength', 'SequenceEmpty')
def sequences(v):
    x, z = floats(2), floats(3, seed=1)
    inputs = {'x': x, 'z': z}
    made = node('SequenceConstruct', ['x', 'z'], ['s'])
    consts = {'zero': np.array(0), 'last': np.array(-1)}
    at_end = node('SequenceAt', ['t', 'last'], ['y0'])
    chains = {
        'SequenceConstruct': ([made, node('SequenceAt', ['s', 'last'], ['y0'])],
                              z),
        'SequenceErase': ([made, node('SequenceErase', ['s', 'last'], ['t']),
                           at_end], x),
        'SequenceInsert': ([made, node('SequenceInsert', ['s', 'x', 'zero'],
                                       ['u']),
                            node('SequenceInsert', ['u', 'x'], ['t']), at_end],
                           x),
        'SequenceLength': ([made, node('SequenceLength', ['s'], ['y0'])],
                           np.array(2)),
        'SequenceEmpty': ([node('SequenceEmpty', [], ['s']),
                           node('SequenceInsert', ['s', 'z'], ['t']), at_end],
                          z)}
    chains['SequenceAt'] = chains['SequenceConstruct']
    nodes, want = chains[v.op]
    want = Tensor(want)
    yield model_case(v, 'chain', nodes, inputs, [('y0', want.elem)],
                     consts=consts, expect=[want])


@cases('SplitToSequence', 'ConcatFromSequence')
def split_concat(v):
    x = floats(4, 3)
    for note, axis, consts, want in (
            ('equal', 0, {'n': np.array(2)}, x),
            ('lengths', 1, {'n': i64(1, 2)}, x),
            ('ones', 0, {}, x)):
        nodes = [node('SplitToSequence', ['x', *consts], ['s'], axis=axis),
                 node('ConcatFromSequence', ['s'], ['y0'], axis=axis)]
        yield model_case(v, note, nodes, {'x': x}, [('y0', FLOAT)],
                         consts=consts, expect=[Tensor(want)])
    nodes = [node('SplitToSequence', ['x'], ['s'], keepdims=0),
             node('ConcatFromSequence', ['s'], ['y0'], axis=1, new_axis=1)]
    yield model_case(v, 'new-axis', nodes, {'x': x}, [('y0', FLOAT)],
                     expect=[Tensor(x.T)])


@cases('SequenceMap')
def sequence_map(v):
    body = graph([node('Neg', ['e'], ['f'])], [info('e')], [info('f')])
    nodes = [node('SequenceConstruct', ['x', 'z'], ['s']),
             node('SequenceMap', ['s'], ['t'], body=body),
             node('SequenceAt', ['t', 'one'], ['y0'])]
    z = floats(3, seed=1)
    yield model_case(v, 'negate', nodes, {'x': floats(2), 'z': z},
                     [('y0', FLOAT)], consts={'one': np.array(1)},
                     expect=[Tensor(-z)])


@cases('Identity')
def identity_sequence(v):
    if v.since < 14:
        return
    nodes = [node('SequenceConstruct', ['x', 'z'], ['s']),
             node('Identity', ['s'], ['t']),
             node('SequenceAt', ['t', 'one'], ['y0'])]
    z = floats(3, seed=1)
    for note, options in (('sequence', {}), ('sequence-down', {'to': 13})):
        if v.since == 14 or not options:
            yield model_case(v, note, nodes, {'x': floats(2), 'z': z},
                             [('y0', FLOAT)], consts={'one': np.array(1)},
                             expect=[Tensor(z)], **options)


@cases('Optional', 'OptionalGetElement', 'OptionalHasElement')
def optional(v):
    x = floats(2, 3)
    made = node('Optional', ['x'], ['o'])
    get = [made, node('OptionalGetElement', ['o'], ['y0'])]
    has = [made, node('OptionalHasElement', ['o'], ['y0'])]
    true = Tensor(np.array(True))
    if v.op != 'OptionalHasElement':
        yield model_case(v, 'get', get, {'x': x}, [('y0', FLOAT)],
                         expect=[Tensor(x)])
    if v.op != 'OptionalGetElement':
        yield model_case(v, 'has', has, {'x': x}, [('y0', BOOL)], expect=[true])
    if v.since < 18:
        return
    for note, options in (('', {}), ('-down', {'to': 17})):
        if v.op == 'OptionalGetElement':
            yield model_case(v, f'tensor{note}', [node(v.op, ['x'], ['y0'])],
                             {'x': x}, [('y0', FLOAT)], expect=[Tensor(x)],
                             **options)
        else:
            yield model_case(v, f'tensor{note}', [node(v.op, ['x'], ['y0'])],
                             {'x': x}, [('y0', BOOL)], expect=[true], **options)
            yield model_case(
                v, f'missing{note}', [node(v.op, [], ['y0'])], {'x': x},
                [('y0', BOOL)], expect=[Tensor(np.array(False))], **options)
