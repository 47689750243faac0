# SPDX-License-Identifier: Apache-2.0
"""What the file system and the other end of a pipe can do to onnx-opt.

Each case is a function of a Bench; it returns when the tool behaves, raises
Failed when it does not and Skipped where this machine cannot stage the case.
"""
import contextlib
import os
import pathlib
import resource
import signal
import stat
import subprocess
import sys
import threading

sys.path[:0] = [str(pathlib.Path(__file__).resolve().parent.parent),
                str(pathlib.Path(__file__).resolve().parent.parent /
                    'roundtrip')]
# pylint: disable=wrong-import-position
import big_model
import compare_models
import harness

SENTINEL = b'what was here before'
_SMALL, _LARGE = 4, 48  # weights, of 1 MiB each


class Failed(Exception):
    pass


class Skipped(Exception):
    pass


def expect(condition, problem):
    if not condition:
        raise Failed(problem)


class Bench:
    """A tool, an empty folder, and the models the cases share."""

    def __init__(self, tool, folder, models):
        self.tool = tool
        self.folder = folder
        self.small = models / 'small.onnx'
        self.large = models / 'large.onnx'
        self.external = models / 'external.onnx'

    def run(self, *args, **popen_args):
        return harness.run_tool(self.tool, *args, **popen_args)

    def optimized(self, model):
        """The bytes that an ordinary run writes for `model`."""
        out = self.folder / 'expected.onnx'
        self.run_ok(model, '-o', out)
        content = out.read_bytes()
        out.unlink()
        return content

    def run_ok(self, *args, **popen_args):
        result = self.run(*args, **popen_args)
        expect(result.code == 0, result.describe())

    def expect_refusal(self, source, out, folder=None, **popen_args):
        """The run must fail with one clear line and, in `folder`, leave what
        was there."""
        before = harness.folder_bytes(folder) if folder else None
        result = self.run(source, '-o', out, **popen_args)
        expect_error(result, source, out)
        if folder:
            expect_unchanged(folder, before)


def make_models(folder):
    big_model.write(folder / 'small.onnx', _SMALL)
    big_model.write(folder / 'large.onnx', _LARGE)
    big_model.write(folder / 'external.onnx', _SMALL, external=True)


def expect_error(result, *paths):
    problem = result.rejection_problem(*paths)
    expect(problem is None, problem)


def expect_unchanged(folder, before):
    after = harness.folder_bytes(folder)
    for name, content in before.items():
        expect(after.get(name) == content, f'{name} was changed')
    left = sorted(set(after) - set(before))
    expect(not left, f'files left behind: {left}')


@contextlib.contextmanager
def small_disk(folder, size):
    """A file system of `size` bytes mounted on `folder`."""
    if os.geteuid() != 0:
        raise Skipped('only root can mount a file system')
    folder.mkdir()
    mounted = subprocess.run(
        ['mount', '-t', 'tmpfs', '-o', f'size={size}', 'tmpfs', folder],
        capture_output=True, check=False)
    if mounted.returncode:
        raise Skipped('mount: ' + mounted.stderr.decode().strip())
    try:
        yield folder
    finally:
        subprocess.run(['umount', '-l', folder], check=True)


# ---- the disk

def full_disk(bench):
    with small_disk(bench.folder / 'disk', 2 << 20) as disk:
        out = disk / 'out.onnx'
        out.write_bytes(SENTINEL)
        bench.expect_refusal(bench.small, out, disk)


def full_disk_in_place(bench):
    with small_disk(bench.folder / 'disk', 6 << 20) as disk:
        model = disk / 'm.onnx'
        model.write_bytes(bench.small.read_bytes())
        bench.expect_refusal(model, model, disk)


def file_size_limit(bench):
    out = bench.folder / 'out.onnx'
    out.write_bytes(SENTINEL)
    # Python ignores SIGXFSZ; so does the tool then, and gets EFBIG.
    bench.expect_refusal(
        bench.small, out, bench.folder, restore_signals=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE,
                                              (1 << 20, 1 << 20)))


def full_device(bench):
    bench.expect_refusal(bench.small, pathlib.Path('/dev/full'))


def read_only_folder(bench):
    if os.geteuid() == 0:
        with small_disk(bench.folder / 'disk', 16 << 20) as disk:
            (disk / 'out.onnx').write_bytes(SENTINEL)
            subprocess.run(['mount', '-o', 'remount,ro', disk], check=True)
            bench.expect_refusal(bench.small, disk / 'out.onnx', disk)
            bench.expect_refusal(bench.small, disk / 'new.onnx', disk)
        return
    folder = bench.folder / 'locked'
    folder.mkdir()
    (folder / 'out.onnx').write_bytes(SENTINEL)
    folder.chmod(0o555)
    try:
        bench.expect_refusal(bench.small, folder / 'new.onnx', folder)
    finally:
        folder.chmod(0o755)


# ---- paths

def missing_output_folder(bench):
    bench.expect_refusal(bench.small, bench.folder / 'none' / 'out.onnx',
                         bench.folder)


def output_is_a_folder(bench):
    out = bench.folder / 'out.onnx'
    out.mkdir()
    bench.expect_refusal(bench.small, out, bench.folder)
    expect(out.is_dir(), 'the folder was replaced')


def output_under_a_file(bench):
    (bench.folder / 'file').write_bytes(SENTINEL)
    bench.expect_refusal(bench.small, bench.folder / 'file' / 'out.onnx',
                         bench.folder)


def missing_input(bench):
    (bench.folder / 'out.onnx').write_bytes(SENTINEL)
    bench.expect_refusal(bench.folder / 'none.onnx',
                         bench.folder / 'out.onnx', bench.folder)


def input_is_a_folder(bench):
    (bench.folder / 'in.onnx').mkdir()
    (bench.folder / 'out.onnx').write_bytes(SENTINEL)
    bench.expect_refusal(bench.folder / 'in.onnx', bench.folder / 'out.onnx',
                         bench.folder)


def symlinked_output(bench):
    wanted = bench.optimized(bench.small)
    real, link = bench.folder / 'real', bench.folder / 'out.onnx'
    real.mkdir()
    target = real / 'target.onnx'
    target.write_bytes(SENTINEL)
    target.chmod(0o640)
    link.symlink_to(pathlib.Path('real') / 'target.onnx')
    bench.run_ok(bench.small, '-o', link)
    expect(link.is_symlink(), 'the link was replaced')
    expect(target.read_bytes() == wanted, 'the target is not the output')
    mode = stat.S_IMODE(target.stat().st_mode)
    expect(mode == 0o640, f'the mode became {mode:o}')
    expect_unchanged(bench.folder, {'real/target.onnx': wanted,
                                    'out.onnx': wanted})


def symlinked_input_in_place(bench):
    wanted = bench.optimized(bench.small)
    target, link = bench.folder / 'target.onnx', bench.folder / 'm.onnx'
    target.write_bytes(bench.small.read_bytes())
    link.symlink_to('target.onnx')
    bench.run_ok(link, '-o', link)
    expect(link.is_symlink(), 'the link was replaced')
    expect(target.read_bytes() == wanted, 'the target is not the output')


# ---- pipes

def _drain(path, content):
    with open(path, 'rb') as pipe:
        content.append(pipe.read())


def named_pipe_output(bench):
    wanted = bench.optimized(bench.small)
    pipe, content = bench.folder / 'pipe', []
    os.mkfifo(pipe)
    reader = threading.Thread(target=_drain, args=(pipe, content), daemon=True)
    reader.start()
    bench.run_ok(bench.small, '-o', pipe)
    reader.join(10)
    expect(stat.S_ISFIFO(pipe.stat().st_mode), 'the pipe was replaced')
    expect(content == [wanted], 'other bytes came out of the pipe')


def standard_output(bench):
    wanted = bench.optimized(bench.small)
    done = subprocess.run([bench.tool, bench.small, '-o', '-'],
                          capture_output=True, check=False)
    expect(done.returncode == 0, done.stderr.decode())
    expect(done.stdout == wanted, 'other bytes on standard output')


def standard_input(bench):
    wanted, out = bench.optimized(bench.small), bench.folder / 'out.onnx'
    with open(bench.small, 'rb') as file:
        process = subprocess.Popen(['cat'], stdin=file,
                                   stdout=subprocess.PIPE)
    done = subprocess.run([bench.tool, '-', '-o', out], stdin=process.stdout,
                          capture_output=True, check=False)
    process.stdout.close()
    process.wait()
    expect(done.returncode == 0, done.stderr.decode())
    expect(out.read_bytes() == wanted, 'the output differs')


def reader_that_leaves(bench):
    with subprocess.Popen([bench.tool, bench.small, '-o', '-'],
                          stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL) as process:
        process.stdout.read(10)
        process.stdout.close()
        code = process.wait(timeout=10)
    expect(code in (1, -signal.SIGPIPE), f'exit {code}')


# ---- external data

def _copy_external(bench, folder):
    for name in (bench.external.name, bench.external.name + '.data'):
        (folder / name).write_bytes(
            (bench.external.parent / name).read_bytes())
    return folder / bench.external.name


def external_data_in_place(bench):
    model = _copy_external(bench, bench.folder)
    bench.run_ok('--passes=', model, '-o', model)
    differences, _ = compare_models.compare(bench.external, model)
    expect(not differences, '; '.join(map(str, differences[:3])))


def external_data_beside_input(bench):
    """A second model in the folder of the first must not take its weights."""
    model = _copy_external(bench, bench.folder)
    before = harness.folder_bytes(bench.folder)
    out = bench.folder / 'out.onnx'
    bench.run_ok('--passes=', model, '-o', out)
    after = harness.folder_bytes(bench.folder)
    expect(all(after[n] == before[n] for n in before), 'the input was changed')
    differences, _ = compare_models.compare(bench.external, out)
    expect(not differences, '; '.join(map(str, differences[:3])))


CASES = (full_disk, full_disk_in_place, file_size_limit, full_device,
         read_only_folder, missing_output_folder, output_is_a_folder,
         output_under_a_file, missing_input, input_is_a_folder,
         symlinked_output, symlinked_input_in_place, named_pipe_output,
         standard_output, standard_input, reader_that_leaves,
         external_data_in_place, external_data_beside_input)
