# SPDX-License-Identifier: Apache-2.0
"""Operators of ai.onnx.ml. ONNX Runtime is the oracle where no result is given.
"""
import dataclasses

import numpy as np

from case import case, floats, i64, ml_cases
from tensors import ELEM, Tensor, make

STRING = ELEM['string']


@ml_cases('LabelEncoder')
def label_encoder(v):
    words = np.array(['b', 'a', 'x'], object)
    numbers = i64(1, 0, 9)
    if v.since == 1:
        # Strings to their index in classes_strings, integers to the class.
        attrs = {'classes_strings': ['a', 'b', 'c']}
        yield case(v, 'strings', [words], attrs, i64(1, 0, -1))
        yield case(v, 'default', [words], {**attrs, 'default_int64': 42},
                   i64(1, 0, 42))
        yield case(v, 'ints', [numbers], attrs,
                   np.array(['b', 'a', '_Unused'], object))
        yield case(v, 'ints-default', [numbers], {
            **attrs, 'default_string': 'none'},
                   np.array(['b', 'a', 'none'], object), dims='symbolic')
        return
    keys = {'keys_strings': ['a', 'b', 'c']}
    yield case(v, 'strings-ints', [words], {**keys, 'values_int64s': [5, 6, 7]},
               i64(6, 5, -1))
    yield case(v, 'strings-floats', [words], {
        **keys, 'values_floats': [.5, 1.5, 2.5], 'default_float': 9.},
               np.array([1.5, .5, 9], np.float32))
    yield case(v, 'ints-strings', [numbers], {
        'keys_int64s': [0, 1], 'values_strings': ['p', 'q']},
               np.array(['q', 'p', '_Unused'], object))
    yield case(v, 'floats-ints', [np.array([.5, 2, 3], np.float32)], {
        'keys_floats': [.5, 2.], 'values_int64s': [3, 4], 'default_int64': 8},
               i64(3, 4, 8))
    if v.since == 2:
        attrs = {**keys, 'values_int64s': [0, 1, 2]}
        yield case(v, 'index-down', [words], attrs, i64(1, 0, -1), to=1)
        yield case(v, 'other-down', [words], {
            **keys, 'values_int64s': [5, 6, 7]}, i64(6, 5, -1), to=1)
        yield case(v, 'to-floats-down', [words], {
            **keys, 'values_floats': [.5, 1.5, 2.5]},
                   np.array([1.5, .5, 0], np.float32), to=1)
    if v.since == 4:
        yield from label_encoder_tensors(v)


def label_encoder_tensors(v):
    for key, value in ((11, 11), (7, 1), (STRING, 5), (6, STRING)):
        keys = (Tensor(np.array(['1', '2', '3'], object)) if key == STRING else
                make(np.array([1, 2, 3]), key))
        values = (Tensor(np.array(['p', 'q', 'r'], object)) if value == STRING
                  else make(np.array([7, 8, 9]), value))
        default = (Tensor(np.array(['z'], object)) if value == STRING else
                   make(np.array([5]), value))
        x = Tensor(keys.array[[2, 0]], key)
        attrs = {'keys_tensor': keys, 'values_tensor': values,
                 'default_tensor': default}
        want = Tensor(values.array[[2, 0]], value)
        yield case(v, f'tensors-{key}-{value}', [x], attrs, want)
        yield case(v, f'tensors-{key}-{value}-down', [x], attrs, want, to=3)


def tree_attributes(target, ids):
    """Two trees over two features; the leaves vote for `ids`."""
    return {
        'nodes_treeids': [0, 0, 0, 0, 0, 1, 1, 1],
        'nodes_nodeids': [0, 1, 2, 3, 4, 0, 1, 2],
        'nodes_featureids': [0, 1, 0, 0, 0, 1, 0, 0],
        'nodes_values': [.5, .25, 0., 0., 0., -.75, 0., 0.],
        'nodes_modes': ['BRANCH_LEQ', 'BRANCH_GT', 'LEAF', 'LEAF', 'LEAF',
                        'BRANCH_LT', 'LEAF', 'LEAF'],
        'nodes_truenodeids': [1, 2, 0, 0, 0, 1, 0, 0],
        'nodes_falsenodeids': [4, 3, 0, 0, 0, 2, 0, 0],
        f'{target}_treeids': [0, 0, 0, 1, 1],
        f'{target}_nodeids': [2, 3, 4, 1, 2],
        f'{target}_ids': ids,
        f'{target}_weights': [.5, 1., 2., .25, 1.5],
    }


def as_tensors(attrs, *names):
    """The same in double tensors, as version 3 has them."""
    result = dict(attrs)
    for name in names:
        result[f'{name}_as_tensor'] = Tensor(np.array(result.pop(name), 'f8'))
    return result


# (feature 0, feature 1) in all leaves.
POINTS = np.array([[.4, .9], [.4, .1], [.9, -.9], [.3, -2]], np.float32)


def tree_sums(x, ids, count):
    """The votes for each id, by hand from tree_attributes."""
    sums = np.zeros((len(x), count))
    for row, (a, b) in enumerate(x):
        if a <= .5 and b > .25:
            sums[row, ids[0]] += .5
        elif a <= .5:
            sums[row, ids[1]] += 1
        else:
            sums[row, ids[2]] += 2
        if b < -.75:
            sums[row, ids[3]] += .25
        else:
            sums[row, ids[4]] += 1.5
    return sums


def tree_regressor(v):
    ids = [0, 1, 0, 1, 0]
    attrs = {**tree_attributes('target', ids), 'n_targets': 2}
    sums = tree_sums(POINTS, ids, 2)
    yield case(v, 'sum', [POINTS], attrs, sums.astype('f4'))
    yield case(v, 'average', [POINTS], {
        **attrs, 'aggregate_function': 'AVERAGE'}, (sums / 2).astype('f4'))
    yield case(v, 'base', [POINTS], {
        **tree_attributes('target', [0] * 5), 'n_targets': 1,
        'base_values': [1.25]}, (sums.sum(1, keepdims=True) + 1.25).astype(
            'f4'), dims='symbolic')
    yield case(v, 'ids', [POINTS.astype('f8')], {
        **attrs, 'nodes_nodeids': [10, 11, 12, 13, 14, 5, 7, 6],
        'nodes_truenodeids': [11, 12, 0, 0, 0, 7, 0, 0],
        'nodes_falsenodeids': [14, 13, 0, 0, 0, 6, 0, 0],
        'target_nodeids': [12, 13, 14, 7, 6]}, sums.astype('f4'))
    for name in ('MIN', 'MAX'):
        yield case(v, name, [POINTS], {**attrs, 'aggregate_function': name})
    yield case(v, 'softmax', [POINTS], {**attrs, 'post_transform': 'SOFTMAX'})
    nan = np.array([[np.nan, .9], [.4, np.nan]], np.float32)
    yield case(v, 'missing', [nan], {
        **attrs, 'nodes_missing_value_tracks_true': [1, 0, 0, 0, 0, 1, 0, 0]})
    if v.since == 3:
        double = as_tensors(attrs, 'nodes_values', 'target_weights')
        yield case(v, 'double', [POINTS.astype('f8')], double,
                   sums.astype('f4'))
        yield case(v, 'double-down', [POINTS.astype('f8')], double,
                   sums.astype('f4'), to=1)


def tree_classifier(v):
    ids = [0, 1, 2, 1, 0]
    attrs = {**tree_attributes('class', ids), 'classlabels_int64s': [7, 3, 5]}
    sums = tree_sums(POINTS, ids, 3)
    labels = np.array([7, 3, 5])[sums.argmax(1)]
    yield case(v, 'ints', [POINTS], attrs, [labels, sums.astype('f4')],
               outs=[7, 1])
    named = {**attrs, 'classlabels_strings': ['p', 'q', 'r']}
    del named['classlabels_int64s']
    yield case(v, 'strings', [POINTS], named, [
        np.array(['p', 'q', 'r'], object)[sums.argmax(1)], sums.astype('f4')],
               outs=[STRING, 1])
    for transform in ('SOFTMAX', 'LOGISTIC'):
        yield case(v, transform, [POINTS], {
            **attrs, 'post_transform': transform}, outs=[7, 1])
    yield case(v, 'base', [POINTS], {**attrs, 'base_values': [1., 2.5, 0.]},
               outs=[7, 1])
    # All votes for one of two classes: the binary case.
    binary = {**attrs, 'class_ids': [0] * 5, 'classlabels_int64s': [7, 3],
              'class_weights': [.5, .1, .9, .25, .3]}
    yield case(v, 'binary', [POINTS], binary, outs=[7, 1])
    if v.since == 3:
        double = as_tensors(attrs, 'nodes_values', 'class_weights')
        yield case(v, 'double', [POINTS.astype('f8')], double,
                   [labels, sums.astype('f4')], outs=[7, 1])


@ml_cases('TreeEnsembleRegressor', 'TreeEnsembleClassifier')
def trees(v):
    """They are deprecated at 5."""
    if v.deprecated:
        return
    made = list((tree_regressor if v.op.endswith('Regressor') else
                 tree_classifier)(v))
    for c in made:
        c.top = 4
        yield c
    yield dataclasses.replace(made[0], note='up', to=5)


@ml_cases('TreeEnsemble')
def tree_ensemble(v):
    ids = [0, 1, 0, 1, 0]
    attrs = {
        'n_targets': 2, 'aggregate_function': 1, 'post_transform': 0,
        'tree_roots': [0, 2], 'nodes_featureids': [0, 1, 1],
        'nodes_splits': Tensor(np.array([.5, .25, -.75], np.float32)),
        'nodes_modes': Tensor(np.array([0, 3, 1], np.uint8)),
        'nodes_truenodeids': [1, 0, 3], 'nodes_trueleafs': [0, 1, 1],
        'nodes_falsenodeids': [2, 1, 4], 'nodes_falseleafs': [1, 1, 1],
        'leaf_targetids': ids,
        'leaf_weights': Tensor(np.array([.5, 1, 2, .25, 1.5], np.float32))}
    sums = tree_sums(POINTS, ids, 2)
    yield case(v, 'sum', [POINTS], attrs, sums.astype('f4'))
    for function, note in ((0, 'average'), (2, 'min')):
        yield case(v, note, [POINTS], {**attrs, 'aggregate_function': function},
                   None if function else (sums / 2).astype('f4'))
    yield case(v, 'sum-down', [POINTS], attrs, sums.astype('f4'), to=4)


# ---- operators of a single version

@ml_cases('ArrayFeatureExtractor')
def array_feature_extractor(v):
    x = floats(2, 4)
    yield case(v, 'plain', [x, i64(2, 0)], expect=x[:, [2, 0]])


@ml_cases('Binarizer')
def binarizer(v):
    x = floats(2, 4)
    yield case(v, 'plain', [x], {'threshold': .5}, (x > .5).astype('f4'))


@ml_cases('CategoryMapper')
def category_mapper(v):
    attrs = {'cats_strings': ['a', 'b'], 'cats_int64s': [4, 7]}
    yield case(v, 'strings', [np.array(['b', 'x'], object)], attrs, i64(7, -1))
    yield case(v, 'ints', [i64(4, 9)], attrs,
               np.array(['a', '_Unused'], object))


@ml_cases('FeatureVectorizer')
def feature_vectorizer(v):
    x, y = floats(2, 3), floats(2, 1, seed=1)
    yield case(v, 'plain', [x, y], {'inputdimensions': [3, 1]},
               np.concatenate([x, y], 1))


@ml_cases('Imputer')
def imputer(v):
    x = np.array([[1, np.nan], [np.nan, 2]], np.float32)
    yield case(v, 'nan', [x], {'imputed_value_floats': [7., 8.],
                               'replaced_value_float': float('nan')},
               np.array([[1, 8], [7, 2]], np.float32))
    yield case(v, 'ints', [i64(1, 0, 3).reshape(1, 3)], {
        'imputed_value_int64s': [5]}, i64(1, 5, 3).reshape(1, 3))


@ml_cases('LinearClassifier')
def linear_classifier(v):
    x, weights = floats(3, 2), floats(2, 2, seed=1)
    scores = x @ weights.T + [.5, -.25]
    yield case(v, 'plain', [x], {
        'coefficients': weights.ravel().tolist(), 'intercepts': [.5, -.25],
        'classlabels_ints': [4, 6], 'multi_class': 1},
               [np.array([4, 6])[scores.argmax(1)], scores.astype('f4')],
               outs=[7, 1])


@ml_cases('LinearRegressor')
def linear_regressor(v):
    x, weights = floats(3, 2), floats(2, 2, seed=1)
    yield case(v, 'plain', [x], {
        'coefficients': weights.ravel().tolist(), 'intercepts': [.5, -.25],
        'targets': 2}, (x @ weights.T + [.5, -.25]).astype('f4'))


@ml_cases('Normalizer')
def normalizer(v):
    x = floats(2, 4, low=.5)
    for norm, scale in (('MAX', x.max(1)), ('L1', np.abs(x).sum(1)),
                        ('L2', np.sqrt((x * x).sum(1)))):
        yield case(v, norm, [x], {'norm': norm}, x / scale[:, None])


@ml_cases('OneHotEncoder')
def one_hot_encoder(v):
    yield case(v, 'ints', [i64(4, 9, 2)], {'cats_int64s': [2, 4]},
               np.array([[0, 1], [0, 0], [1, 0]], np.float32))
    yield case(v, 'strings', [np.array(['b', 'a'], object)],
               {'cats_strings': ['a', 'b']},
               np.array([[0, 1], [1, 0]], np.float32))


@ml_cases('Scaler')
def scaler(v):
    x = floats(2, 3)
    yield case(v, 'plain', [x], {'offset': [1., 2., 3.], 'scale': [.5, .5, .5]},
               ((x - [1, 2, 3]) * .5).astype('f4'))


@ml_cases('SVMRegressor')
def svm_regressor(v):
    x, vectors = floats(3, 2), floats(2, 2, seed=1)
    rbf = np.exp(-.5 * ((x[:, None] - vectors) ** 2).sum(-1))
    attrs = {'support_vectors': vectors.ravel().tolist(), 'n_supports': 2,
             'coefficients': [1.5, -.5], 'rho': [.25],
             'kernel_params': [.5, 0., 3.]}
    yield case(v, 'rbf', [x], {**attrs, 'kernel_type': 'RBF'},
               (rbf @ [1.5, -.5] + .25)[:, None].astype('f4'))
    yield case(v, 'sigmoid', [x], {**attrs, 'kernel_type': 'SIGMOID'},
               (np.tanh(.5 * x @ vectors.T) @ [1.5, -.5] + .25)[:, None].astype(
                   'f4'))


@ml_cases('SVMClassifier')
def svm_classifier(v):
    x, vectors = floats(3, 2), floats(3, 2, seed=1)
    yield case(v, 'rbf', [x], {
        'support_vectors': vectors.ravel().tolist(), 'rho': [.1],
        'vectors_per_class': [2, 1], 'coefficients': [1., .5, -1.],
        'kernel_type': 'RBF', 'kernel_params': [.5, 0., 3.],
        'classlabels_ints': [0, 1]}, outs=[7, 1])
