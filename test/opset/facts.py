# SPDX-License-Identifier: Apache-2.0
"""Operator versions and the steps between them, as `facts` of the shared
folder says them: independent of the tables in the tool."""
import collections
import functools
import json

import corpus
import tensors

LAST = {'': 27, 'ai.onnx.ml': 5}
# The least IR version of an opset, by its first opset.
LEAST_IR = [(1, 3), (9, 4), (10, 5), (11, 6), (12, 7), (15, 8), (19, 9),
            (21, 10), (23, 11), (24, 12), (25, 13)]


def least_ir(opset):
    return max(ir for first, ir in LEAST_IR if first <= opset)


class Version:
    """One version of an operator: `since` to `last` is where it is in force."""

    def __init__(self, schema, last, previous):
        self.op = schema['name']
        self.domain = domain_of(schema)
        self.since = schema['since_version']
        self.last = last
        self.deprecated = schema['deprecated']
        self.inputs = schema['inputs']
        self.outputs = schema['outputs']
        self.schema = schema
        self.previous = previous
        self.attrs = {a['name']: a for a in schema['attributes']}

    @property
    def name(self):
        prefix = self.domain + '.' if self.domain else ''
        return f'{prefix}{self.op}-{self.since}'

    def types(self, name):
        """Element type numbers of type variable `name` (or a type)."""
        names = self.schema['type_constraints'].get(name, [name])
        return [tensors.ELEM[n[7:-1]] for n in names
                if n.startswith('tensor(') and n[7:-1] in tensors.ELEM]

    def new_types(self, name):
        """Those that the version before does not have."""
        old = self.previous.types(name) if self.previous else []
        return [t for t in self.types(name) if t not in old]


def domain_of(schema):
    return '' if schema['domain'] == 'ai.onnx' else schema['domain']


def folder():
    return corpus.shared_dir() / 'facts'


def load(name):
    return json.loads((folder() / name).read_text())


@functools.lru_cache(None)
def history():
    """(domain, op) -> its versions, oldest first."""
    schemas = collections.defaultdict(list)
    for schema in load('op_schemas.json')['schemas']:
        domain = domain_of(schema)
        if schema['since_version'] <= LAST.get(domain, 0):
            schemas[domain, schema['name']].append(schema)
    result = {}
    for (domain, op), found in schemas.items():
        found.sort(key=lambda s: s['since_version'])
        ends = [s['since_version'] - 1 for s in found[1:]] + [LAST[domain]]
        versions = []
        for schema, last in zip(found, ends):
            versions.append(Version(schema, last,
                                    versions[-1] if versions else None))
        result[domain, op] = versions
    return result


def version_at(domain, op, opset):
    """The version in force, or None."""
    for version in reversed(history().get((domain, op), [])):
        if version.since <= opset:
            return version
    return None


@functools.lru_cache(None)
def _step_classes():
    return {(s['op'], s['to']): s['class']
            for s in load('opset_steps.json')['steps']}


def same_meaning(op, opset, other):
    """Whether a node of ai.onnx of `opset` means the same at another opset: a
    later one that is compatible, or an earlier one of less types."""
    old, new = (version_at('', op, o) for o in (opset, other))
    if old is None or new is None:
        return False
    wanted = 'compatible' + (' (only types' if other < opset else '')
    low, high = sorted((old.since, new.since))
    return all(_step_classes()[op, v.since].startswith(wanted)
               for v in history()['', op] if low < v.since <= high)
