// SPDX-License-Identifier: Apache-2.0
// When one value may stand in for another.
#ifndef ONNXOPT_PASSES_REPLACE_H_
#define ONNXOPT_PASSES_REPLACE_H_

#include <string>
#include <string_view>

#include "ir/graph.h"
#include "ir/value.h"

namespace onnxopt {

/// "constant 'w'", "input 'x'", "value 'y'".
std::string Describe(const Value& value);

/// Empty if the graph of `from` can return `to` wherever it returns `from`,
/// without an Identity node that makes the promised name (see
/// CanTakeOutputName); always so if it does not return `from`. Else a phrase
/// that says why not.
std::string_view WhyNotReturnable(const Value& from, const Value& to);

/// Whether nodes of `inner` may use any value of the enclosing graph `outer`:
/// so for the bodies of standard operators. What an unknown operator does with
/// its bodies is unknown.
bool SeesValuesOf(const Graph& outer, const Graph& inner);

/// Redirects all uses of `from` to `to`, which holds the same data and takes
/// over the type if it has none of its own.
void ReplaceWith(Value* from, Value* to);

/// Removes a constant that nobody reads any more. Not one whose name is part of
/// the interface, or that the file lists among the inputs.
void RemoveIfUnused(Value* constant);

}  // namespace onnxopt

#endif  // ONNXOPT_PASSES_REPLACE_H_
