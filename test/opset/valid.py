# SPDX-License-Identifier: Apache-2.0
"""Whether a converted model is one of its opset, by the facts: known operators
with the attributes, inputs, outputs and (where declared) types of the version
that is in force."""
import onnx

import engines
import facts

KINDS = {name: number for name, number in
         onnx.AttributeProto.AttributeType.items()}


def problem(original, model, domain, opset):
    """What is wrong with `model`, made from `original`, else None."""
    if engines.opset_of(model, domain) != opset:
        return f'its opset is {engines.opset_of(model, domain)}'
    least = facts.least_ir(engines.opset_of(model) or 1)
    if model.ir_version < min(least, 3) or (
            opset == facts.LAST[domain] and model.ir_version < least):
        return f'its IR version is {model.ir_version}'
    for kind in ('input', 'output'):
        before, after = (_declared(m, kind) for m in (original, model))
        if before != after:
            return f'{kind}s {after}, not {before}'
    declared = {i.name: i.type.tensor_type.elem_type
                for i in (*model.graph.input, *model.graph.output)}
    declared.update((t.name, t.data_type) for t in model.graph.initializer)
    listed = {i.name for i in model.graph.input}
    if model.ir_version < 4:
        for tensor in model.graph.initializer:
            if tensor.name not in listed:
                return f'initializer {tensor.name} is not an input'
    for node in engines.nodes_of(model):
        found = _node_problem(node, engines.opset_of(model, node.domain),
                              declared)
        if found:
            return f'{node.op_type}: {found}'
    return None


def _declared(model, kind):
    """Without what is listed because IR version 3 wants initializers listed."""
    weights = {t.name for t in model.graph.initializer}
    return [(i.name, i.type.tensor_type.elem_type)
            for i in getattr(model.graph, kind)
            if kind == 'output' or i.name not in weights]


def _node_problem(node, opset, declared):
    version = facts.version_at(node.domain, node.op_type, opset)
    if version is None:
        return f'not an operator of opset {opset}'
    # GroupNormalization-18 is flagged, and the only one of its opsets.
    if version.deprecated and version.op != 'GroupNormalization':
        return f'deprecated at opset {opset}'
    for attribute in node.attribute:
        known = version.attrs.get(attribute.name)
        if known is None:
            return f'has no attribute {attribute.name} at opset {opset}'
        if KINDS[known['type']] != attribute.type:
            return f'attribute {attribute.name} has another type'
    given = {a.name for a in node.attribute}
    for name, known in version.attrs.items():
        if known['required'] and name not in given:
            return f'lacks attribute {name}'
    return (_arity_problem(version, node.input, 'input') or
            _arity_problem(version, node.output, 'output') or
            _type_problem(version, node, declared))


def _arity_problem(version, names, kind):
    schema = version.schema
    most = schema[f'max_{kind}']
    if len(names) < schema[f'min_{kind}'] or 0 <= most < len(names):
        return f'{len(names)} {kind}s'
    for name, formal in zip(names, schema[f'{kind}s']):
        if not name and formal['option'] == 'single' and kind == 'input':
            return f'{kind} {formal["name"]} is left out'
    return None


def _type_problem(version, node, declared):
    bound = {}
    for names, formals in ((node.input, version.inputs),
                           (node.output, version.outputs)):
        for i, name in enumerate(names):
            elem = declared.get(name)
            if not elem:
                continue
            formal = formals[min(i, len(formals) - 1)]
            variable = formal['type_str']
            if elem not in version.types(variable):
                return f'{formal["name"]} has element type {elem}'
            alike = formal.get('is_homogeneous', True)
            if alike and bound.setdefault(variable, elem) != elem:
                return f'{formal["name"]} has another type than its like'
    return None
