# SPDX-License-Identifier: Apache-2.0
"""Normalizations, dropout, losses, recurrent operators, attention."""
import numpy as np

import old_recurrent
from case import case, cases, floats, i64, pick, sample
from cases_elementwise import FLOATS, apply, hint
from tensors import Tensor, make


def per_channel(values, rank):
    return values.reshape((-1,) + (1,) * (rank - 2))


def batch_normalization(x, scale, bias, mean, var, epsilon=1e-5):
    return ((x - per_channel(mean, x.ndim)) /
            np.sqrt(per_channel(var, x.ndim) + epsilon) *
            per_channel(scale, x.ndim) + per_channel(bias, x.ndim))


def batch_inputs(elem, *shape):
    return [sample(elem, *shape, seed=1), sample(elem, *shape, seed=2),
            sample(elem, *shape, seed=3), sample(elem, *shape, seed=4, low=.5)]


@cases('BatchNormalization')
def batch_norm(v):
    test = {'is_test': 1} if 'is_test' in v.attrs else {}
    if v.attrs.get('consumed_inputs', {}).get('required'):
        test['consumed_inputs'] = [0, 0, 0, 1, 1]
    for elem in pick(v, 'T'):
        for shape in ((2, 3, 4, 2), (4, 3), (2, 3, 5)):
            if len(shape) != 4 and v.since < 9:
                continue  # "must be 4 dimensional" (1); 2-D needs no spatial.
            x, rest = sample(elem, *shape), batch_inputs(elem, 3)
            for note, attrs in (('default', {}), ('epsilon', {'epsilon': .1})):
                yield case(v, f'{elem}-{len(shape)}d-{note}', [x, *rest],
                           {**test, **attrs},
                           apply(lambda *a: batch_normalization(*a, **attrs), x,
                                 *rest), const=() if attrs else (1, 2, 3, 4),
                           dims='symbolic' if attrs else 'static')
    x, rest = sample(1, 2, 3, 4, 2), batch_inputs(1, 3)
    if 'spatial' in v.attrs:
        yield case(v, 'spatial', [x, *rest], {**test, 'spatial': 1}, apply(
            batch_normalization, x, *rest))
        # "spatial: If true, compute the mean and variance across all spatial
        # elements. If false, compute the mean and variance across per feature."
        for const in ((), (1, 2, 3, 4)):
            features = batch_inputs(1, 3, 4, 2)
            want = apply(lambda a, s, b, m, var: (a - m) / np.sqrt(
                var + 1e-5) * s + b, x, *features)
            yield case(v, f'features-{len(const)}', [x, *features],
                       {**test, 'spatial': 0}, want, const=const)
        for note, options in (('back', {}), ('up', {'to': 27})):
            yield case(v, f'features-symbolic-{note}', [x, *features],
                       {**test, 'spatial': 0}, want, dims='symbolic', **options)
    if 'is_test' in v.attrs:  # Training mode, the default, by its text.
        more = {k: a for k, a in test.items() if k != 'is_test'}
        for note, attrs in (('training', {'is_test': 0}), ('default', {})):
            yield case(v, f'{note}-mode', [x, *rest], {**more, **attrs},
                       ort=False)
    yield from batch_norm_training(v, x, rest, test)


def batch_norm_training(v, x, rest, test):
    if v.since >= 14:
        want = old_recurrent.trained(x.array, *(t.array for t in rest), .9)
        yield case(v, 'training', [x, *rest], {'training_mode': 1}, want,
                   outs=3)
        yield case(v, 'momentum', [x, *rest], {
            'training_mode': 1, 'momentum': .25}, old_recurrent.trained(
                x.array, *(t.array for t in rest), .25), outs=3)
    elif v.since >= 7:
        # "running_mean * momentum + mean * (1 - momentum)", "across all spatial
        # elements": no word of a correction of the variance.
        want = old_recurrent.trained(x.array, *(t.array for t in rest), .9)
        yield case(v, 'training', [x, *rest], test, want, outs=3, ort=False)
        yield case(v, 'saved', [x, *rest], test, outs=5, ort=False)
    if v.since == 15:
        mixed = [make(t.array, 10 if i < 3 else 1)
                 for i, t in enumerate((x, *rest))]
        want = make(batch_normalization(*(t.array.astype('f8') for t in mixed)),
                    10)
        yield case(v, 'mixed', mixed, expect=want)
        yield case(v, 'mixed-down', mixed, expect=want, to=14)
    if v.since == 14:
        yield case(v, 'inference-down', [x, *rest], to=9, expect=apply(
            batch_normalization, x, *rest))


@cases('InstanceNormalization')
def instance_norm(v):
    def compute(x, scale, bias, epsilon=1e-5):
        over = tuple(range(2, x.ndim))
        mean, var = x.mean(over), x.var(over)
        return np.stack([batch_normalization(
            x[i:i + 1], scale, bias, mean[i], var[i], epsilon)[0]
            for i in range(len(x))])
    for elem in pick(v, 'T'):
        inputs = [sample(elem, 2, 3, 4, 2), sample(elem, 3, seed=1),
                  sample(elem, 3, seed=2)]
        yield case(v, f'{elem}', inputs, hint(v), apply(compute, *inputs))
        yield case(v, f'{elem}-epsilon', inputs, {**hint(v), 'epsilon': .25},
                   apply(lambda *a: compute(*a, epsilon=.25), *inputs),
                   dims='symbolic')


@cases('GroupNormalization')
def group_norm(v):
    def compute(x, scale, bias, groups):
        parts = x.reshape(len(x), groups, -1)
        flat = (parts - parts.mean(-1, keepdims=True)) / np.sqrt(
            parts.var(-1, keepdims=True) + 1e-5)
        if len(scale) == groups:  # Version 18.
            return (flat * scale.reshape(1, -1, 1) +
                    bias.reshape(1, -1, 1)).reshape(x.shape)
        return (flat.reshape(x.shape) * per_channel(scale, x.ndim) +
                per_channel(bias, x.ndim))
    channels = 2 if v.since == 18 else 6
    for elem in pick(v, 'T', kinds=FLOATS):
        x = sample(elem, 2, 6, 3, 2)
        inputs = [x, sample(elem, channels, seed=1),
                  sample(elem, channels, seed=2)]
        want = apply(lambda *a: compute(*a, 2), *inputs)
        for const in ((), (1, 2)):
            yield case(v, f'{elem}-{"constant" if const else "runtime"}',
                       inputs, {'num_groups': 2}, want, const=const,
                       dims='symbolic' if const else 'static', ort=v.since > 18)
    if v.since == 21:
        for const in ((), (1, 2)):
            yield case(v, f'down-{len(const)}', inputs, {'num_groups': 2}, want,
                       const=const, to=20)
        equal = [x, np.repeat(np.array([1.5, 2], 'f4'), 3),
                 np.repeat(np.array([.5, -1], 'f4'), 3)]
        yield case(v, 'equal-down', equal, {'num_groups': 2}, const=(1, 2),
                   to=20, expect=apply(lambda *a: compute(*a, 2), *(
                       Tensor(np.asarray(getattr(t, 'array', t)))
                       for t in equal)))


@cases('LayerNormalization', 'RMSNormalization')
def layer_norm(v):
    inputs = [floats(2, 3, 4), floats(4, seed=1), floats(4, seed=2)]
    x, scale, bias = inputs
    if v.op == 'RMSNormalization':
        want = x / np.sqrt((x * x).mean(-1, keepdims=True) + 1e-5) * scale
        yield case(v, 'default', inputs[:2], expect=want)
        return
    flat = (x - x.mean(-1, keepdims=True)) / np.sqrt(
        x.var(-1, keepdims=True) + 1e-5)
    yield case(v, 'default', inputs, expect=flat * scale + bias)
    yield case(v, 'no-bias', inputs[:2], {'axis': 2}, flat * scale)


@cases('MeanVarianceNormalization')
def mvn(v):
    for elem in pick(v, 'T'):
        x = sample(elem, 2, 3, 4, 2)
        for axes in (None, [1, 3]):
            over = tuple(axes or (0, 2, 3))
            yield case(v, f'{elem}-{"axes" if axes else "default"}', [x],
                       {'axes': axes}, apply(lambda a: (
                           a - a.mean(over, keepdims=True)) / (
                               a.std(over, keepdims=True) + 1e-9), x))


@cases('LRN')
def lrn(v):
    for elem in pick(v, 'T'):
        x = sample(elem, 2, 5, 3, 2)
        for note, attrs in (('default', {}), ('attributes', {
                'alpha': .5, 'beta': .6, 'bias': 2.})):
            def compute(a, alpha=1e-4, beta=.75, bias=1.):
                total = np.stack([(a[:, max(0, c - 1):c + 2] ** 2).sum(1)
                                  for c in range(a.shape[1])], 1)
                return a / (bias + alpha / 3 * total) ** beta
            yield case(v, f'{elem}-{note}', [x], {'size': 3, **attrs},
                       apply(lambda a: compute(a, **attrs), x))


@cases('Dropout')
def dropout(v):
    test = {'is_test': 1} if 'is_test' in v.attrs else {}
    for elem in pick(v, 'T'):
        x = sample(elem, 2, 3)
        yield case(v, f'{elem}', [x], {**test, **hint(v)}, x)
        if 'ratio' in v.attrs:
            yield case(v, f'{elem}-ratio', [x], {**test, 'ratio': .25}, x,
                       dims='symbolic')
        else:
            yield case(v, f'{elem}-ratio', [x, np.float32(.25)], expect=x,
                       const=(1,))
    x = sample(1, 2, 3)
    if v.since in (1, 6):
        # In test mode nothing is said of the mask, and in training mode the
        # output is random: converting either must be refused.
        yield case(v, 'training', [x], {'is_test': 0}, ort=False)
        yield case(v, 'training-default', [x], {'ratio': .25}, ort=False)
        return
    ones = np.ones((2, 3), bool)
    mask = Tensor(ones.astype('f4')) if v.since == 7 else Tensor(ones)
    yield case(v, 'mask', [x], expect=[x, mask], outs=2,
               ort=v.since > 10)  # It leaves the mask of 10 false.
    if v.since >= 12:
        yield case(v, 'mode-false', [x, np.float32(.5), np.array(False)],
                   expect=[x, mask], outs=2, const=(1, 2))
        # With a ratio of 0 training mode keeps all.
        training = [x, np.float32(0), np.array(True)]
        yield case(v, 'mode-true', training, expect=x)
        yield case(v, 'mode-true-constant', training, expect=x, const=(1, 2))
    if v.since == 10:
        yield case(v, 'mask-down', [x], expect=[x, Tensor(ones.astype(bool))],
                   outs=2, to=7, ort=False)
    if v.since == 12:
        yield case(v, 'ratio-down', [x, np.float32(.25)], expect=x, const=(1,),
                   to=11)
        yield case(v, 'mode-true-down', training, expect=x, const=(1, 2), to=11)
        yield case(v, 'mode-runtime-down', [x, np.float32(.5),
                                            np.array(False)], expect=x,
                   const=(1,), to=11)
    if v.since == 7:
        yield case(v, 'down', [x], {'ratio': .25}, x, to=6)


@cases('NegativeLogLikelihoodLoss', 'SoftmaxCrossEntropyLoss')
def losses(v):
    x, weight = floats(3, 4), floats(4, low=.5, seed=3)
    target = i64(1, 0, 3)
    logs = x if v.op.startswith('Neg') else (
        x - np.log(np.exp(x).sum(1, keepdims=True)))
    each = -logs[np.arange(3), target]
    yield case(v, 'mean', [x, target], expect=np.float32(each.mean()))
    yield case(v, 'none', [x, target], {'reduction': 'none'}, each)
    yield case(v, 'weight', [x, target, weight], {'reduction': 'sum'},
               np.float32((each * weight[target]).sum()))
    yield case(v, 'ignore', [x, target], {'ignore_index': 0}, np.float32(
        each[[0, 2]].mean()))


@cases('RNN', 'GRU', 'LSTM')
def recurrent(v):
    gates = {'RNN': 1, 'GRU': 3, 'LSTM': 4}[v.op]
    outputs = 3 if v.op == 'LSTM' else 2
    size, batch, steps, width = 2, 3, 4, 5
    for direction in (None, 'forward', 'reverse', 'bidirectional'):
        n = 2 if direction == 'bidirectional' else 1
        inputs = [floats(steps, batch, width, low=-1, high=1),
                  floats(n, gates * size, width, seed=1, low=-.5, high=.5),
                  floats(n, gates * size, size, seed=2, low=-.5, high=.5),
                  floats(n, 2 * gates * size, seed=3, low=-.5, high=.5), None,
                  floats(n, batch, size, seed=4)]
        if v.op == 'LSTM':
            inputs.append(floats(n, batch, size, seed=5))
        lengths = np.array([4, 2, 3], np.int32)
        for note, given in (('bare', inputs[:3]), ('states', inputs),
                            ('lengths', [*inputs[:4], lengths])):
            attrs = {'hidden_size': size, 'direction': direction}
            run = old_recurrent.function(v.op)
            want = run(*given, direction=direction)
            name = f'{direction}-{note}'
            if 'output_sequence' in v.attrs:
                # "output_sequence: The sequence output for the hidden is
                # optional if 0. Default 0."
                yield case(v, name, given, {**attrs, 'output_sequence': 1},
                           want, outs=[1] * outputs, ort=False)
                yield case(v, f'{name}-last', given, attrs, want, ort=False,
                           outs=[None] + [1] * (outputs - 1))
            else:
                yield case(v, name, given, attrs, want, outs=[1] * outputs,
                           const=(1, 2) if note == 'bare' else (),
                           dims='symbolic' if note == 'bare' else 'static')
    yield from recurrent_attributes(v, inputs, size, outputs)


def recurrent_attributes(v, inputs, size, outputs):
    run = old_recurrent.function(v.op)
    both = {'hidden_size': size, 'direction': 'bidirectional'}
    sequence = ({'output_sequence': 1} if 'output_sequence' in v.attrs else {})
    if v.op == 'GRU' and v.since == 1:  # The default was misspelt.
        one = [t[:1] if i else t for i, t in enumerate(inputs[:4])]
        yield case(v, 'misspelt', one, {'direction': 'foward', **sequence,
                                        'hidden_size': size},
                   run(*one), outs=[1] * outputs, ort=False)
    if 'linear_before_reset' in v.attrs:
        want = run(*inputs, direction='bidirectional', linear_before_reset=1)
        yield case(v, 'linear', inputs, {**both, **sequence,
                                         'linear_before_reset': 1}, want,
                   outs=[1] * outputs, ort=not sequence)
        if v.since == 3:
            yield case(v, 'linear-down', inputs, {
                **both, **sequence, 'linear_before_reset': 1}, want,
                       outs=[1] * outputs, ort=False, to=2)
    if 'layout' in v.attrs:
        want = run(*inputs, direction='bidirectional')
        swapped = [t if t is None or i in (1, 2, 3) else t.swapaxes(0, 1)
                   for i, t in enumerate(inputs)]
        want = [want[0].transpose(2, 0, 1, 3), *(t.swapaxes(0, 1)
                                                 for t in want[1:])]
        options = {'expect': want, 'outs': [1] * outputs}
        attrs = {**both, 'layout': 1}
        yield case(v, 'layout', swapped, attrs, **options)
        if v.since == 14:
            yield case(v, 'layout-down', swapped, attrs, to=13, **options)
    if v.since == 7:
        bare = [t[:1] if i else t for i, t in enumerate(inputs[:4])]
        for note, kinds in (('all', [1] * outputs), (
                'last', [None] + [1] * (outputs - 1))):
            yield case(v, f'{note}-down', bare, {'hidden_size': size},
                       run(*bare), outs=kinds, to=6, ort=False)


@cases('Attention')
def attention(v):
    q, k, x = (floats(1, 2, 3, 4, seed=i) for i in range(3))
    mask = np.tril(np.ones((3, 3), bool))
    yield case(v, 'plain', [q, k, x])
    yield case(v, 'mask', [q, k, x, mask])
    yield case(v, 'causal', [q, k, x], {'is_causal': 1, 'scale': .25})
    flat = [t.transpose(0, 2, 1, 3).reshape(1, 3, 8) for t in (q, k, x)]
    yield case(v, '3d', flat, {'q_num_heads': 2, 'kv_num_heads': 2})
    padded = [q, k, x, None, None, None, i64(2)]
    if v.since >= 24:
        yield case(v, 'nonpad', padded)
        if v.since == 24:
            yield case(v, 'nonpad-down', padded, to=23)


@cases('RotaryEmbedding')
def rotary(v):
    x, angles = floats(1, 2, 3, 4), floats(1, 3, 2, seed=1)
    cos, sin = np.cos(angles)[:, None], np.sin(angles)[:, None]
    a, b = x[..., :2], x[..., 2:]
    yield case(v, 'plain', [x, np.cos(angles), np.sin(angles)],
               expect=np.concatenate([a * cos - b * sin, a * sin + b * cos],
                                     -1))


@cases('CausalConvWithState')
def causal_conv(v):
    x, w = floats(1, 2, 5), floats(2, 1, 3, seed=1)
    padded = np.concatenate([np.zeros((1, 2, 2)), x], 2)
    want = np.stack([(padded[:, :, i:i + 3] * w[None, :, 0]).sum(-1)
                     for i in range(5)], -1)
    yield case(v, 'plain', [x, w], expect=[want.astype('f4')], outs=[1, 1])


@cases('LinearAttention')
def linear_attention(v):
    """Rule linear: each step adds the outer product of key and value to the
    state of the head; the output is the query times the state."""
    q, k, x = (floats(1, 3, 4, seed=i) for i in range(3))
    heads = [t.reshape(1, 3, 2, 2).transpose(0, 2, 1, 3) for t in (q, k, x)]
    outer = heads[1][..., None] * heads[2][..., None, :]
    states = np.cumsum(outer, 2)
    out = (heads[0][..., None] * states).sum(-2) * .5
    attrs = {'q_num_heads': 2, 'kv_num_heads': 2, 'update_rule': 'linear',
             'scale': .5}
    yield case(v, 'linear', [q, k, x], attrs, [
        out.transpose(0, 2, 1, 3).reshape(1, 3, 4), states[:, :, -1]], outs=2)
