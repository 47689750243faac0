#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The models that the model-level tests run on.

Groups:
  generated  made by test/models/make_models.py
  committed  test/models/*.onnx
  models     real models            } from the folder named by ONNXOPT_SHARED,
  odd        small unusual models   } default ../shared beside the repository
  vectors    ONNX operator vectors  } (else vectors of Debian's
                                      libonnx-testdata)

Archives are unpacked once into a cache folder (ONNXOPT_CACHE, default
build/test-cache) and reused. A cache entry is complete or absent: it is
filled under a temporary name and renamed. Entries are named after what they
were made from, so a changed archive or generator makes a new entry.

Run as a program, prints the models, one "GROUP/NAME<tab>PATH" a line.
"""
import argparse
import dataclasses
import hashlib
import json
import lzma
import os
import pathlib
import shutil
import subprocess
import sys
import tarfile
import tempfile

REPO = pathlib.Path(__file__).resolve().parent.parent
GROUPS = ('generated', 'committed', 'models', 'odd', 'vectors')
DEBIAN_VECTORS = pathlib.Path('/usr/share/libonnx-testdata/data')
SAMPLE_MAX_BYTES = 2 << 20
SAMPLE_VECTOR_STEP = 10


@dataclasses.dataclass(frozen=True)
class Model:
    """One model file. `name` is unique, stable and starts with the group."""
    group: str
    name: str
    path: pathlib.Path
    side: pathlib.Path = None  # JSON with sizes of dims and input ranges
    data: pathlib.Path = None  # folder of stored inputs, input_N.pb
    comparable: bool = None  # in ONNX Runtime; None: unless listed otherwise


def shared_dir():
    return pathlib.Path(os.environ.get('ONNXOPT_SHARED', REPO.parent / 'shared'))


def cache_dir():
    path = pathlib.Path(os.environ.get('ONNXOPT_CACHE',
                                       REPO / 'build' / 'test-cache'))
    path.mkdir(parents=True, exist_ok=True)
    return path


def cached(name, key, fill):
    """Returns the cache folder `name`-KEY; `fill(folder)` makes it if absent."""
    digest = hashlib.sha256(repr(key).encode()).hexdigest()[:12]
    final = cache_dir() / f'{name}-{digest}'
    if final.is_dir():
        return final
    partial = pathlib.Path(tempfile.mkdtemp(prefix='.partial-',
                                            dir=cache_dir()))
    try:
        fill(partial)
        partial.chmod(0o755)
        try:
            partial.rename(final)
        except OSError:
            if not final.is_dir():  # Not a concurrent test that was faster.
                raise
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return final


def _stamp(path):
    status = path.stat()
    return (path.name, status.st_size, status.st_mtime_ns)


def _untar(archive):
    def fill(folder):
        with tarfile.open(archive) as tar:
            tar.extractall(folder)
    return cached(archive.name.split('.tar')[0], _stamp(archive), fill)


def _unxz(archive):
    def fill(folder):
        with lzma.open(archive) as source, \
                open(folder / archive.name[:-len('.xz')], 'wb') as target:
            shutil.copyfileobj(source, target, 1 << 20)
    name = archive.name[:-len('.onnx.xz')]
    return cached(name, _stamp(archive), fill) / archive.name[:-len('.xz')]


def generated_dir():
    """The output folder of make_models.py: index.json lists its models,
    bad/index.json the files that must be refused."""
    script = REPO / 'test' / 'models' / 'make_models.py'
    sources = sorted(script.parent.glob('*.py'))

    def fill(folder):
        subprocess.run([sys.executable, script, '--bad', folder],
                       check=True, stdout=subprocess.DEVNULL)
    return cached('generated', [(s.name, s.read_bytes()) for s in sources],
                  fill)


def _side_of(path):
    side = path.with_suffix('.json')
    return side if side.exists() else None


def _generated(skipped):
    del skipped  # Never absent: a generator that fails is an error.
    folder = generated_dir()
    for entry in json.loads((folder / 'index.json').read_text()):
        path = folder / entry['file']
        yield Model('generated', f'generated/{path.stem}', path,
                    side=_side_of(path),
                    comparable=entry['runs_in_ort'] and entry['deterministic'])


def _committed(skipped):
    del skipped  # Never absent: an empty folder has no models.
    for path in sorted((REPO / 'test' / 'models').glob('*.onnx')):
        yield Model('committed', f'committed/{path.stem}', path,
                    side=_side_of(path))


def _shared_subdir(name, group, skipped):
    folder = shared_dir() / name
    if folder.is_dir():
        return folder
    skipped.append(f'{group}: {folder} is absent (set ONNXOPT_SHARED)')
    return None


def _models(skipped):
    folder = _shared_subdir('models', 'models', skipped)
    for archive in sorted(folder.glob('*.onnx.xz')) if folder else ():
        name = archive.name[:-len('.onnx.xz')]
        side = folder / (name + '.json')
        yield Model('models', 'models/' + name, _unxz(archive),
                    side=side if side.exists() else None)


def _odd(skipped):
    folder = _shared_subdir('models', 'odd', skipped)
    for archive in sorted(folder.glob('*.tar.xz')) if folder else ():
        name = archive.name[:-len('.tar.xz')]
        side = folder / (name + '.json')
        root = _untar(archive)
        for path in sorted(root.rglob('*.onnx')):
            relative = path.relative_to(root).with_suffix('')
            yield Model('odd', f'odd/{name}/{relative}', path,
                        side=side if side.exists() else None)


def _vector_folders(root, group, prefix, comparable=None):
    for path in sorted(root.rglob('model.onnx')):
        data = path.parent / 'test_data_set_0'
        yield Model(group, f'{prefix}/{path.parent.name}', path,
                    data=data if data.is_dir() else None,
                    comparable=comparable)


def _vectors(skipped):
    reasons = []
    folder = _shared_subdir('conformance', 'vectors', reasons)
    if folder:
        for archive in sorted(folder.glob('*.tar.xz')):
            name = archive.name[:-len('.tar.xz')]
            yield from _vector_folders(_untar(archive), 'vectors',
                                       f'vectors/{name}')
    elif DEBIAN_VECTORS.is_dir():
        # A group of their own: other floors, and no list of what ONNX Runtime
        # cannot compare among them.
        yield from _vector_folders(DEBIAN_VECTORS, 'debian-vectors',
                                   'debian-vectors', comparable=False)
    else:
        skipped.extend(reason + ', and libonnx-testdata is not installed'
                       for reason in reasons)


_FINDERS = {'generated': _generated, 'committed': _committed,
            'models': _models, 'odd': _odd, 'vectors': _vectors}


def find(groups=GROUPS, sample=False):
    """Returns (models, skipped): the models of `groups`, and one line for
    each group that is absent. `sample` keeps what a quick test can run: models
    under 2 MB and every tenth vector."""
    models, skipped = [], []
    for group in groups:
        found = list(_FINDERS[group](skipped))
        if sample and group == 'vectors':
            found = found[::SAMPLE_VECTOR_STEP]
        elif sample:
            found = [m for m in found
                     if m.path.stat().st_size < SAMPLE_MAX_BYTES]
        models += found
    return models, skipped


def main():
    parser = argparse.ArgumentParser(description=__doc__.split('\n')[0])
    parser.add_argument('--groups', default=','.join(GROUPS))
    parser.add_argument('--sample', action='store_true')
    args = parser.parse_args()
    models, skipped = find(args.groups.split(','), args.sample)
    for model in models:
        print(f'{model.name}\t{model.path}')
    for reason in skipped:
        print(f'SKIPPED: {reason}', file=sys.stderr)


if __name__ == '__main__':
    main()
