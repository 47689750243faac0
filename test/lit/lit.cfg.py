# SPDX-License-Identifier: Apache-2.0
"""Configuration of lit; see docs/testing.md.

A test is an .onnxtxt file with RUN lines. Programs it may use besides those of
a POSIX shell: onnx-opt, onnx-run, onnx-diff, LLVM's FileCheck, count and not,
and `exits CODE COMMAND...` (succeeds if the command ends with that exit code).
"""
import os
import shlex

import lit.formats

# pylint: disable=undefined-variable
config.name = 'onnx-opt'
config.test_format = lit.formats.ShTest(execute_external=False)
config.suffixes = ['.onnxtxt']
config.excludes = ['Inputs']
config.test_source_root = os.path.dirname(__file__)
config.test_exec_root = config.work_dir

config.environment['FILECHECK_OPTS'] = (
    '-enable-var-scope --dump-input-filter=error')
config.environment['PATH'] = os.pathsep.join(
    [config.llvm_tools_dir, config.environment['PATH']])
# So that a user's setting changes nothing.
config.environment['NO_COLOR'] = '1'

_HERE = os.path.dirname(__file__)
config.substitutions += [
    (rf'\b{tool}\b(?=\s)', shlex.quote(os.path.join(config.tool_dir, tool)))
    for tool in ('onnx-opt', 'onnx-run', 'onnx-diff')
] + [
    (r'\bexits\b(?=\s+\d)',
     f'{shlex.quote(config.python)} '
     f'{shlex.quote(os.path.join(_HERE, "exits.py"))}'),
]
