#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Checks onnx-run's files against NumPy and the onnx package.

Arrays of every type, order and version of the format go through models, and
come back as NumPy reads them. test_data_set folders that the onnx package wrote
are as expected, unless a number in them is wrong.

usage: run.py --tool build/release/tools/onnx-run
"""
import argparse
import itertools
import os
import subprocess
import sys
import tempfile

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

MIN_CHECKS = 250
TYPES = {
    'float16': TensorProto.FLOAT16, 'float32': TensorProto.FLOAT,
    'float64': TensorProto.DOUBLE, 'int8': TensorProto.INT8,
    'int16': TensorProto.INT16, 'int32': TensorProto.INT32,
    'int64': TensorProto.INT64, 'uint8': TensorProto.UINT8,
    'uint16': TensorProto.UINT16, 'uint32': TensorProto.UINT32,
    'uint64': TensorProto.UINT64, 'bool': TensorProto.BOOL,
    'complex64': TensorProto.COMPLEX64, 'complex128': TensorProto.COMPLEX128,
}
SHAPES = [(), (1,), (5,), (2, 0, 3), (3, 4), (2, 3, 4)]


class Checker:
    def __init__(self, tool, folder):
        self.tool = tool
        self.folder = folder
        self.passed = 0
        self.failed = 0

    def path(self, name):
        return os.path.join(self.folder, name)

    def save_model(self, name, nodes, inputs, outputs):
        graph = helper.make_graph(nodes, 'g', inputs, outputs)
        model = helper.make_model(
            graph, ir_version=8, opset_imports=[helper.make_opsetid('', 16)])
        onnx.save(model, self.path(name))
        return self.path(name)

    def run(self, *arguments):
        return subprocess.run([self.tool, *arguments], check=False, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT)

    def check(self, what, good, detail=''):
        if good:
            self.passed += 1
        else:
            self.failed += 1
            print(f'FAILED {what}: {detail}')


def random_array(rng, dtype, shape):
    if dtype == 'bool':
        return rng.integers(0, 2, shape).astype(bool)
    if dtype.startswith('complex'):
        return np.asarray(rng.normal(size=shape)
                          + 1j * rng.normal(size=shape)).astype(dtype)
    if dtype.startswith('float'):
        return np.asarray(100 * rng.normal(size=shape)).astype(dtype)
    info = np.iinfo(dtype)
    return np.asarray(rng.integers(info.min, info.max, shape, dtype=dtype,
                                   endpoint=True))


def check_arrays(checker, rng):
    for dtype, element in TYPES.items():
        model = checker.save_model(
            f'{dtype}.onnx', [helper.make_node('Identity', ['x'], ['y'])],
            [helper.make_tensor_value_info('x', element, None)],
            [helper.make_tensor_value_info('y', element, None)])
        for shape, order, version in itertools.product(
                SHAPES, 'CF', [(1, 0), (2, 0), (3, 0)]):
            array = np.asarray(random_array(rng, dtype, shape), order=order)
            with open(checker.path('x.npy'), 'wb') as file:
                np.lib.format.write_array(file, array, version=version)
            run = checker.run(model, '--input', f'x={checker.path("x.npy")}',
                              '--output-dir', checker.folder)
            what = f'{dtype}{list(shape)} {order} {version}'
            if run.returncode != 0:
                checker.check(what, False, run.stdout)
                continue
            back = np.load(checker.path('y.npy'))
            checker.check(what, back.dtype == array.dtype
                          and back.shape == array.shape
                          and back.tobytes() == array.tobytes(), 'not the same')


def check_empty_initializer(checker):
    """A result may have no place in the file it is copied from."""
    empty = helper.make_tensor('w', TensorProto.FLOAT, [2, 0, 3], [])
    graph = helper.make_graph(
        [helper.make_node('Cast', ['w'], ['y'], to=TensorProto.FLOAT)], 'g', [],
        [helper.make_tensor_value_info('y', TensorProto.FLOAT, None)], [empty])
    model = checker.path('empty.onnx')
    onnx.save(helper.make_model(
        graph, ir_version=8, opset_imports=[helper.make_opsetid('', 16)]),
        model)
    run = checker.run(model, '--output-dir', checker.folder)
    checker.check('empty initializer', run.returncode == 0 and np.load(
        checker.path('y.npy')).shape == (2, 0, 3), run.stdout)


def check_strings(checker):
    model = checker.save_model(
        'string.onnx', [helper.make_node('Identity', ['x'], ['y'])],
        [helper.make_tensor_value_info('x', TensorProto.STRING, None)],
        [helper.make_tensor_value_info('y', TensorProto.STRING, None)])
    texts = [['a', 'zwölf', ''], ['\u20ac', '\U0001f600!', 'b\0c']]
    for array in (np.array(texts), np.array(texts, order='F')):
        np.save(checker.path('x.npy'), array)
        run = checker.run(model, '--input', f'x={checker.path("x.npy")}',
                          '--output-dir', checker.folder)
        tensor = onnx.load_tensor(checker.path('y.pb'))
        back = [s.decode() for s in tensor.string_data]
        checker.check('strings', run.returncode == 0
                      and list(tensor.dims) == [2, 3]
                      and back == texts[0] + texts[1], run.stdout + str(back))


def check_messages(checker, rng):
    """Sequences go in and out as the onnx package has them."""
    tensor_type = helper.make_tensor_type_proto(TensorProto.FLOAT, None)
    sequence = helper.make_sequence_type_proto(tensor_type)
    model = checker.save_model(
        'sequence.onnx',
        [helper.make_node('SequenceInsert', ['s', 'x'], ['t']),
         helper.make_node('Cast', ['x'], ['b'], to=TensorProto.BFLOAT16)],
        [helper.make_value_info('s', sequence),
         helper.make_tensor_value_info('x', TensorProto.FLOAT, None)],
        [helper.make_value_info('t', sequence),
         helper.make_tensor_value_info('b', TensorProto.BFLOAT16, None)])
    arrays = [rng.normal(size=n).astype(np.float32) for n in (3, 2000, 1)]
    # float32 numbers that bfloat16 has.
    arrays[2] = np.array([1.5, -2, 3e38], np.float32)
    arrays[2] = (arrays[2].view(np.uint32) & 0xffff0000).view(np.float32)
    with open(checker.path('s.pb'), 'wb') as file:
        file.write(numpy_helper.from_list(arrays[:2],
                                          's').SerializeToString())
    with open(checker.path('x.pb'), 'wb') as file:
        file.write(numpy_helper.from_array(arrays[2], 'x').SerializeToString())
    run = checker.run(model, '--input', f's={checker.path("s.pb")}', '--input',
                      f'x={checker.path("x.pb")}', '--output-dir',
                      checker.folder)
    checker.check('sequence', run.returncode == 0, run.stdout)
    result = onnx.SequenceProto()
    with open(checker.path('t.pb'), 'rb') as file:
        result.ParseFromString(file.read())
    back = numpy_helper.to_list(result)
    checker.check('sequence', len(back) == 3 and all(
        np.array_equal(a, b) for a, b in zip(arrays, back)), back)
    bfloat = onnx.load_tensor(checker.path('b.pb'))
    checker.check('bfloat16', bfloat.data_type == TensorProto.BFLOAT16
                  and np.array_equal(np.frombuffer(bfloat.raw_data, np.uint16),
                                     arrays[2].view(np.uint32) >> 16), bfloat)


def check_test_data(checker, rng):
    model = checker.save_model(
        'gemm.onnx', [helper.make_node('MatMul', ['a', 'b'], ['ab']),
                      helper.make_node('Add', ['ab', 'c'], ['y']),
                      helper.make_node('Shape', ['y'], ['n'])],
        [helper.make_tensor_value_info(
            name, TensorProto.FLOAT, shape)
         for name, shape in (('a', ['M', 7]), ('b', [7, 'N']), ('c', ['N']))],
        [helper.make_tensor_value_info('y', TensorProto.FLOAT, ['M', 'N']),
         helper.make_tensor_value_info('n', TensorProto.INT64, [2])])
    a, b, c = (rng.normal(size=shape).astype(np.float32)
               for shape in ((4, 7), (7, 5), (5,)))
    y = (a.astype(np.float64) @ b + c).astype(np.float32)
    wrong = y.copy()
    wrong[2, 3] += 0.01

    def folder(name, arrays):
        os.makedirs(checker.path(name), exist_ok=True)
        for file_name, array in arrays.items():
            with open(checker.path(f'{name}/{file_name}.pb'), 'wb') as file:
                file.write(numpy_helper.from_array(array).SerializeToString())
        return checker.path(name)

    inputs = {'input_0': a, 'input_1': b, 'input_2': c}
    n = np.array([4, 5], np.int64)

    def expect(name, arrays, code, *texts, flags=()):
        run = checker.run(model, '--test-data', folder(name, arrays), *flags)
        checker.check(name, run.returncode == code
                      and all(text in run.stdout for text in texts),
                      run.stdout)

    good = {**inputs, 'output_0': y, 'output_1': n}
    expect('good', good, 0, 'with M = 4, N = 5', 'y: float[4,5] as expected',
           'n: int64[2] as expected; largest error: absolute 0,')
    expect('wrong', {**good, 'output_0': wrong}, 1,
           'y: float[4,5] DIFFERS, element [2,3]', '1 of 20 elements differ',
           'error: the outputs are not as expected')
    expect('tolerant', {**good, 'output_0': wrong}, 0, flags=('--atol=0.1',))
    expect('first', {**inputs, 'output_0': y}, 0,
           'n: not compared, there is no output_1.pb')
    expect('no_output', inputs, 1, 'nothing could be compared')
    expect('more_inputs', {**good, 'input_3': c}, 1, 'has 4 inputs')
    expect('more_outputs', {**good, 'output_2': c}, 1, 'more outputs')
    expect('type', {**good, 'input_1': b.astype(np.float64)}, 1,
           "input_1.pb': holds double[7,5], wanted is float[7,N]")
    # What the folder leaves out is made up.
    expect('partly', {'input_0': a, 'output_1': n}, 0, flags=('--set-dim=N=5',))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--tool', required=True)
    args = parser.parse_args()
    rng = np.random.default_rng(1)
    with tempfile.TemporaryDirectory() as folder:
        checker = Checker(args.tool, folder)
        check_arrays(checker, rng)
        check_empty_initializer(checker)
        check_strings(checker)
        check_messages(checker, rng)
        check_test_data(checker, rng)
    print(f'{checker.passed} passed, {checker.failed} failed')
    if checker.passed < MIN_CHECKS:
        print(f'at least {MIN_CHECKS} should pass')
        return 1
    return 1 if checker.failed else 0


if __name__ == '__main__':
    sys.exit(main())
