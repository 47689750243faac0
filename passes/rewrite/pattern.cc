// SPDX-License-Identifier: Apache-2.0
#include "passes/rewrite/pattern.h"

#include <string>

#include "support/status.h"

namespace onnxopt {

using Data = Pattern::Data;

Pattern::Pattern(Var var) {
  auto data = std::make_shared<Data>();
  data->value_name = var.name;
  data_ = std::move(data);
}

Pattern Pattern::As(NodeVar var) const {
  ONNXOPT_CHECK(data_->kind == Data::Kind::kNode);
  auto data = std::make_shared<Data>(*data_);
  data->node_name = var.name;
  return Pattern(std::move(data));
}

Pattern Pattern::As(Var var) const {
  auto data = std::make_shared<Data>(*data_);
  data->value_name = var.name;
  return Pattern(std::move(data));
}

Pattern Pattern::Output(int index) const {
  ONNXOPT_CHECK(data_->kind == Data::Kind::kNode);
  auto data = std::make_shared<Data>(*data_);
  data->output = index;
  return Pattern(std::move(data));
}

Pattern AnyOp(Trait traits, std::vector<Pattern> inputs) {
  auto data = std::make_shared<Data>();
  data->kind = Data::Kind::kNode;
  data->traits = traits;
  data->inputs = std::move(inputs);
  return Pattern(std::move(data));
}

Pattern Op(OpId op, std::vector<Pattern> inputs) {
  auto data = std::make_shared<Data>();
  data->kind = Data::Kind::kNode;
  data->op = op;
  data->inputs = std::move(inputs);
  return Pattern(std::move(data));
}

Pattern Const(Var var) {
  auto data = std::make_shared<Data>();
  data->kind = Data::Kind::kConstant;
  data->value_name = var.name;
  return Pattern(std::move(data));
}

Pattern Optional(Pattern pattern) {
  auto data = std::make_shared<Data>(pattern.data());
  data->optional = true;
  return Pattern(std::move(data));
}

Pattern Rest(Var var) {
  auto data = std::make_shared<Data>();
  data->kind = Data::Kind::kRest;
  data->value_name = var.name;
  return Pattern(std::move(data));
}

std::string Pattern::ToString() const {
  std::string text;
  switch (data_->kind) {
    case Data::Kind::kAny:
      text = data_->value_name;
      break;
    case Data::Kind::kConstant:
      text = "const " + std::string(data_->value_name);
      break;
    case Data::Kind::kRest:
      text = std::string(data_->value_name) + "...";
      break;
    case Data::Kind::kNode: {
      text = data_->op == kOpaqueOp ? "*" : std::string(OpName(data_->op));
      text += "(";
      for (const Pattern& input : data_->inputs) {
        if (text.back() != '(') text += ", ";
        text += input.ToString();
      }
      text += ")";
      if (data_->output > 0) text += "#" + std::to_string(data_->output);
      break;
    }
  }
  return data_->optional ? text + "?" : text;
}

}  // namespace onnxopt
