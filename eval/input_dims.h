// SPDX-License-Identifier: Apache-2.0
// The dims of random inputs.
#ifndef ONNXOPT_EVAL_INPUT_DIMS_H_
#define ONNXOPT_EVAL_INPUT_DIMS_H_

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "eval/random.h"
#include "eval/random_inputs.h"
#include "ir/value.h"

namespace onnxopt::eval {

class InputDims {
 public:
  /// Of sizes, for RandomInputOptions::attempt.
  static constexpr int kNumChoices = 7;

  explicit InputDims(const RandomInputOptions& options)
      : options_(options), names_(options.dims) {}

  /// The dims of all inputs. Fails if what is given contradicts itself.
  absl::Status Choose(const std::vector<Value*>& inputs);

  /// What the options give for an input; null: nothing.
  const Datum* Given(const Value& input) const;
  /// Dims for another value of that type.
  TensorDims ChooseFor(const TypeRef& type, Random& random);
  /// Those of an input; of another value, if its type tells them.
  std::optional<TensorDims> Of(const Value& value) const;
  const std::map<std::string, int64_t>& names() const { return names_; }

 private:
  absl::Status BindDims(const Value& input, const Datum& datum);
  void CollectNames(const std::vector<Value*>& inputs);
  int64_t ChooseSize(bool is_batch, Random& random) const;
  int64_t SizeOf(const Dim& dim, bool is_batch, Random& random);

  const RandomInputOptions& options_;
  std::map<std::string, int64_t> names_;
  std::map<std::string, int64_t> plain_names_;  // with any size
  bool choose_expressions_ = false;
  absl::flat_hash_map<const Value*, TensorDims> of_;
};

}  // namespace onnxopt::eval

#endif  // ONNXOPT_EVAL_INPUT_DIMS_H_
