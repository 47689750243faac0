#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Shape inference against ONNX's operator vectors.

Each vector declares the types of its outputs and stores the outputs of a run.
Nothing inferred may contradict the declaration, and every element type, rank
and dim must be that of the stored output. This is checked twice: for the
vector as it is, and with the stored inputs as constants ("fixed"), so that
inference sees shapes, axes and sizes. Vectors with a node that is not in
canonical form are left out.

The floors also count the outputs whose shape is inferred in full.
"""
import argparse
import pathlib
import re
import subprocess
import sys
import tempfile

import onnx

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))
# pylint: disable=wrong-import-position
import corpus
import harness

BATCH = 200
# By TensorProto.DataType, in ONNX's textual syntax.
ELEMENTS = (
    'undefined float uint8 int8 uint16 int16 int32 int64 string bool float16 '
    'double uint32 uint64 complex64 complex128 bfloat16 float8e4m3fn '
    'float8e4m3fnuz float8e5m2 float8e5m2fnuz uint4 int4 float4e2m1 '
    'float8e8m0 uint2 int2').split()


def parse(message, path):
    message.ParseFromString(path.read_bytes())
    return message


def fixed(model, folder):
    """A copy of the vector whose tensor inputs are constants."""
    proto = parse(onnx.ModelProto(), model.path)
    kept = []
    for i, declared in enumerate(proto.graph.input):
        stored = model.data / f'input_{i}.pb'
        if declared.type.WhichOneof('value') != 'tensor_type' or \
                not stored.exists():
            kept.append(declared)
            continue
        tensor = proto.graph.initializer.add()
        tensor.ParseFromString(stored.read_bytes())
        tensor.name = declared.name
    del proto.graph.input[:]
    proto.graph.input.extend(kept)
    path = folder / (model.name.replace('/', '__') + '.onnx')
    path.write_bytes(proto.SerializeToString())
    return path


def infer(tool, paths):
    """The lines that shape_check has to say about each path, in fields."""
    lines = {}
    for start in range(0, len(paths), BATCH):
        batch = [str(p) for p in paths[start:start + BATCH]]
        text = subprocess.run([tool, *batch], check=True, text=True,
                              stdout=subprocess.PIPE, timeout=600).stdout
        for line in text.splitlines():
            fields = line.split('\t')
            if fields[0] == 'model':
                current = lines.setdefault(fields[1], [])
            else:
                current.append(fields)
    return lines


def tensor_problem(text, tensor):
    """What is wrong with the inferred type `text` of `tensor`, else None."""
    match = re.fullmatch(r'(\w+)(?:\[(.*)\])?', text)
    if not match:
        return f'a tensor was inferred as {text}'
    actual = ELEMENTS[tensor.data_type] + str(list(tensor.dims))
    if match[1] != ELEMENTS[tensor.data_type]:
        return f'inferred {text}, is {actual}'
    if match[2] == '':
        return None
    dims = match[2].split(',') if match[2] else []
    if len(dims) != len(tensor.dims) or any(
            d.isdigit() and int(d) != a for d, a in zip(dims, tensor.dims)):
        return f'inferred {text}, is {actual}'
    return None


def value_problem(text, declared, path):
    """The same for whatever is stored in `path`."""
    if text == '?':
        return None
    kind = declared.type.WhichOneof('value')
    if kind == 'tensor_type':
        return tensor_problem(text, parse(onnx.TensorProto(), path))
    if kind == 'sequence_type':
        match = re.fullmatch(r'seq\((.*)\)', text)
        if not match:
            return f'a sequence was inferred as {text}'
        tensors = parse(onnx.SequenceProto(), path).tensor_values
        return next(filter(None, (tensor_problem(match[1], t) for t in tensors
                                  if match[1] != '?')), None)
    return None


def is_full(text):
    """Whether the type of a tensor says all."""
    return bool(re.fullmatch(r'\w+(\[[\d,]+\])?', text))


def check(model, lines, group, score):
    if any(fields[0] == 'old' for fields in lines):
        score.add(group, 'skipped')
        return
    problems = [': '.join(f) for f in lines
                if f[0] in ('error', 'invalid', 'contradicted')]
    proto = parse(onnx.ModelProto(), model.path)
    outputs = [fields for fields in lines if fields[0] == 'output']
    for _, index, text, _ in outputs:
        stored = model.data / f'output_{index}.pb'
        if stored.exists():
            problem = value_problem(text, proto.graph.output[int(index)],
                                    stored)
            if problem:
                problems.append(f'output {index}: {problem}')
        score.add(group + ', outputs known in full',
                  'passed' if is_full(text) else 'skipped')
    if problems:
        score.fail(group, model.name, '; '.join(problems))
    else:
        score.add(group, 'passed')


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument('--tool', required=True, type=harness.tool_path)
    parser.add_argument('--sample', action='store_true',
                        help='every tenth vector only')
    parser.add_argument('--update', action='store_true',
                        help='write floors.json: review it')
    parser.add_argument('--verbose', action='store_true',
                        help='name the outputs that are not known in full')
    args = parser.parse_args()

    models, skipped = corpus.find(['vectors'], args.sample)
    for reason in skipped:
        print(f'SKIPPED: {reason}')
    models = [m for m in models if m.data]
    score = harness.Score(('passed', 'failed', 'skipped'),
                          HERE / 'floors.json',
                          'sample' if args.sample else 'full')
    with tempfile.TemporaryDirectory(prefix='shape-') as name:
        for variant in ('', ' fixed'):
            paths = [fixed(m, pathlib.Path(name)) if variant else m.path
                     for m in models]
            lines = infer(args.tool, paths)
            for model, path in zip(models, paths):
                check(model, lines[str(path)], model.group + variant, score)
                if args.verbose and variant:
                    for fields in lines[str(path)]:
                        if fields[0] == 'output' and not is_full(fields[2]):
                            print('PARTIAL', model.name, *fields[1:])
    if args.update:
        score.update_floors()
    # Without ../shared, Debian's vectors stand for them, of no floor.
    return score.finish(complete=any(m.group == 'vectors' for m in models))


if __name__ == '__main__':
    sys.exit(main())
