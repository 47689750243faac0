// SPDX-License-Identifier: Apache-2.0
// Operators of ai.onnx.ml. Expected values are computed by hand.
#include <cmath>
#include <limits>

#include "eval/compare.h"
#include "eval/map_ops.h"
#include "eval/testing.h"

namespace onnxopt::eval {
namespace {

const float kNan = std::numeric_limits<float>::quiet_NaN();

Attribute FloatOf(std::string_view name, float value) {
  return MakeAttribute(name, AttrKind::kFloat, value);
}
Attribute FloatList(std::string_view name, std::vector<float> values) {
  return MakeAttribute(name, AttrKind::kFloats, std::move(values));
}
Attribute TextList(std::string_view name,
                   std::vector<std::string_view> values) {
  return MakeAttribute(name, AttrKind::kStrings, std::move(values));
}
Attribute TensorOf(std::string_view name, TensorRef value) {
  return MakeAttribute(name, AttrKind::kTensor, std::move(value));
}

const OpDef& Find(std::string_view op, int64_t version) {
  return *OpRegistry::Builtin()->Find("ai.onnx.ml", op, version);
}

absl::StatusOr<std::vector<TensorRef>> RunMl(std::string_view op,
                                             std::vector<TensorRef> inputs,
                                             std::vector<Attribute> attributes,
                                             int64_t version = 5) {
  const OpDef& def = Find(op, version);
  return Evaluate(def, attributes, inputs, def.min_outputs());
}

// `attributes` with `changed` in place of the one of that name.
std::vector<Attribute> With(std::vector<Attribute> attributes,
                            Attribute changed) {
  for (Attribute& attribute : attributes) {
    if (attribute.name == changed.name) {
      attribute = changed;
      return attributes;
    }
  }
  attributes.push_back(std::move(changed));
  return attributes;
}

TEST(MlFeaturesTest, SelectsAndJoins) {
  const TensorRef x = Floats({2, 3}, {0, 1, 2, 3, 4, 5});
  ExpectOutput<float>(RunMl("ArrayFeatureExtractor", {x, Ints({2, 0})}, {}), 0,
                      {2, 2}, {2, 0, 5, 3});
  ExpectOutput<int64_t>(
      RunMl("ArrayFeatureExtractor", {Ints({7, 8}), Ints({1})}, {}), 0, {1, 1},
      {8});
  EXPECT_FALSE(RunMl("ArrayFeatureExtractor", {x, Ints({3})}, {}).ok());
  EXPECT_FALSE(RunMl("ArrayFeatureExtractor", {x, Ints({-1})}, {}).ok());
  ExpectOutput<float>(RunMl("FeatureVectorizer", {x, Floats({2, 1}, {6, 7})},
                            {IntList("inputdimensions", {2, 2})}),
                      0, {2, 4}, {0, 1, 6, 0, 3, 4, 7, 0});
  EXPECT_FALSE(RunMl("FeatureVectorizer", {x, Floats({1, 1}, {6})}, {}).ok());
  EXPECT_FALSE(RunMl("FeatureVectorizer", {Floats({int64_t{1} << 60, 0}, {})},
                     {IntList("inputdimensions", {INT64_MAX})})
                   .ok());
}

TEST(MlFeaturesTest, ChangesElements) {
  ExpectOutput<float>(RunMl("Binarizer", {Floats({3}, {1, 1.5f, kNan})},
                            {FloatOf("threshold", 1)}),
                      0, {3}, {0, 1, 0});
  ExpectOutput<int64_t>(
      RunMl("Binarizer", {Ints({-1, 0, 1})}, {FloatOf("threshold", -0.5f)}), 0,
      {3}, {0, 1, 1});
  ExpectOutput<float>(RunMl("Imputer", {Floats({2, 2}, {kNan, 1, 2, kNan})},
                            {FloatList("imputed_value_floats", {8, 9}),
                             FloatOf("replaced_value_float", kNan)}),
                      0, {2, 2}, {8, 1, 2, 9});
  EXPECT_FALSE(RunMl("Imputer", {Ints({1, 2, 3})},
                     {IntList("imputed_value_int64s", {1, 2})})
                   .ok());
  EXPECT_FALSE(RunMl("Imputer", {Ints({1, 2, 3})},
                     {FloatList("imputed_value_floats", {1})})
                   .ok());
  ExpectOutput<float>(
      RunMl("Scaler", {Ints({1, 2}, {5, 5})},
            {FloatList("offset", {1, 2}), FloatList("scale", {2, 0.5f})}),
      0, {1, 2}, {8, 1.5f});
  EXPECT_FALSE(RunMl("Scaler", {Ints({1, 2}, {5, 5})},
                     {FloatList("offset", {1}), FloatList("scale", {2, 3})})
                   .ok());
}

TEST(MlFeaturesTest, Norms) {
  const TensorRef x = Floats({2, 2}, {3, -4, 0, 0});
  const auto normalized = [&](std::string_view norm) {
    return RunMl("Normalizer", {x}, {Text("norm", norm)});
  };
  ExpectOutput<float>(normalized("L1"), 0, {2, 2}, {3.0f / 7, -4.0f / 7, 0, 0});
  ExpectOutput<float>(normalized("L2"), 0, {2, 2}, {0.6f, -0.8f, 0, 0});
  EXPECT_TRUE(absl::IsUnimplemented(normalized("MAX").status()));
  ExpectOutput<float>(
      RunMl("Normalizer", {Ints({2, 4})}, {Text("norm", "MAX")}), 0, {2},
      {0.5f, 1});
  EXPECT_FALSE(normalized("L3").ok());
}

TEST(MlLabelsTest, LabelEncoder) {
  const std::vector<Attribute> attributes = {
      TextList("keys_strings", {"Amy", "Sally"}),
      IntList("values_int64s", {5, 6})};
  const TensorRef x = Texts({3}, {"Dori", "Amy", "Sally"});
  ExpectInts(RunMl("LabelEncoder", {x}, attributes), {3}, {-1, 5, 6});
  ExpectInts(RunMl("LabelEncoder", {x}, attributes, 2), {3}, {-1, 5, 6});
  ExpectInts(RunMl("LabelEncoder", {x},
                   {TextList("classes_strings", {"Amy", "Sally"})}, 1),
             {3}, {-1, 0, 1});
  ExpectOutput<std::string>(
      RunMl("LabelEncoder", {Ints({1, 2})},
            {TextList("classes_strings", {"Amy", "Sally"})}, 1),
      0, {2}, {"Sally", "_Unused"});
  ExpectOutput<int16_t>(
      RunMl("LabelEncoder", {Floats({3}, {kNan, -0.0f, 7})},
            {FloatList("keys_floats", {0, kNan}),
             TensorOf("values_tensor",
                      Make<int16_t>(ElementType::kInt16, {2}, {1, 2})),
             TensorOf("default_tensor",
                      Make<int16_t>(ElementType::kInt16, {1}, {42}))}),
      0, {3}, {2, 1, 42});
  EXPECT_FALSE(RunMl("LabelEncoder", {Ints({1})}, attributes).ok());
  EXPECT_FALSE(RunMl("LabelEncoder", {x},
                     With(attributes, IntList("values_int64s", {5})))
                   .ok());
  EXPECT_FALSE(RunMl("LabelEncoder", {x}, {attributes[0]}).ok());
  EXPECT_TRUE(absl::IsUnimplemented(
      RunMl("LabelEncoder", {x},
            With(attributes, TextList("keys_strings", {"Amy", "Amy"})))
          .status()));
}

TEST(MlLabelsTest, Categories) {
  const std::vector<Attribute> mapper = {TextList("cats_strings", {"a", "b"}),
                                         IntList("cats_int64s", {1, 2})};
  ExpectInts(RunMl("CategoryMapper", {Texts({2}, {"b", "z"})}, mapper), {2},
             {2, -1});
  ExpectOutput<std::string>(RunMl("CategoryMapper", {Ints({1, 9})}, mapper), 0,
                            {2}, {"a", "_Unused"});
  const std::vector<Attribute> encoder = {IntList("cats_int64s", {4, 7})};
  ExpectOutput<float>(
      RunMl("OneHotEncoder", {Floats({3}, {7.9f, 4, 5})}, encoder), 0, {3, 2},
      {0, 1, 1, 0, 0, 0});
  EXPECT_FALSE(
      RunMl("OneHotEncoder", {Ints({5})}, With(encoder, Int("zeros", 0))).ok());
  EXPECT_FALSE(RunMl("OneHotEncoder", {Texts({1}, {"a"})}, encoder).ok());
}

TEST(MlLinearTest, Scores) {
  ExpectOutput<float>(
      RunMl("LinearRegressor", {Floats({1, 2}, {1, 2})},
            {FloatList("coefficients", {3, 4, 5, 6}),
             FloatList("intercepts", {0.5f, -1}), Int("targets", 2)}),
      0, {1, 2}, {11.5f, 16});
  EXPECT_FALSE(RunMl("LinearRegressor", {Floats({1, 2}, {1, 2})},
                     {FloatList("coefficients", {3, 4, 5})})
                   .ok());
  const std::vector<Attribute> binary = {FloatList("coefficients", {1, -1}),
                                         FloatList("intercepts", {0.25f}),
                                         IntList("classlabels_ints", {5, 8})};
  const auto result =
      RunMl("LinearClassifier", {Floats({2, 2}, {1, 0, 0, 1})}, binary);
  ExpectOutput<int64_t>(result, 0, {2}, {8, 5});
  ExpectOutput<float>(result, 1, {2, 2}, {-0.25f, 1.25f, 1.75f, -0.75f});
  const auto three = RunMl("LinearClassifier", {Floats({1}, {1})},
                           {FloatList("coefficients", {1, 3, 2}),
                            TextList("classlabels_strings", {"a", "b", "c"})});
  ExpectOutput<std::string>(three, 0, {1}, {"b"});
  ExpectOutput<float>(three, 1, {1, 3}, {1, 3, 2});
}

TEST(MlSvmTest, Regressor) {
  const std::vector<Attribute> attributes = {
      Text("kernel_type", "POLY"),       FloatList("kernel_params", {1, 1, 2}),
      FloatList("coefficients", {2, 1}), FloatList("support_vectors", {1, 3}),
      FloatList("rho", {0.5f}),          Int("n_supports", 2)};
  // 2 * (1 * 2 + 1)^2 + (3 * 2 + 1)^2 + 0.5
  ExpectOutput<float>(RunMl("SVMRegressor", {Floats({1, 1}, {2})}, attributes),
                      0, {1, 1}, {67.5f});
  for (const Attribute& wrong :
       {Int("n_supports", 3), FloatList("rho", {}),
        FloatList("kernel_params", {1}), Text("kernel_type", "CUBE")}) {
    EXPECT_FALSE(
        RunMl("SVMRegressor", {Floats({1, 1}, {2})}, With(attributes, wrong))
            .ok());
  }
}

TEST(MlSvmTest, Classifier) {
  const std::vector<Attribute> attributes = {
      FloatList("coefficients", {1, -1}), FloatList("support_vectors", {1, 2}),
      FloatList("rho", {0.5f}), IntList("vectors_per_class", {1, 1}),
      IntList("classlabels_ints", {5, 8})};
  // x - 2 * x + 0.5
  const auto result =
      RunMl("SVMClassifier", {Floats({2, 1}, {1, 0})}, attributes);
  ExpectOutput<int64_t>(result, 0, {2}, {8, 5});
  ExpectOutput<float>(result, 1, {2, 2}, {0.5f, -0.5f, -0.5f, 0.5f});
  for (const Attribute& wrong :
       {IntList("vectors_per_class", {1, -1}), FloatList("rho", {1, 2}),
        IntList("vectors_per_class", {INT64_MAX, INT64_MAX}),
        FloatList("prob_a", {1}), IntList("classlabels_ints", {1, 2, 3})}) {
    EXPECT_FALSE(RunMl("SVMClassifier", {Floats({2, 1}, {1, 0})},
                       With(attributes, wrong))
                     .ok());
  }
}

// x0 <= 0.5 ? node 1 : (x1 > 2 ? node 3 : node 4)
std::vector<Attribute> Tree(const char* votes) {
  static const auto& names = *new std::vector<std::string>{
      "target_ids", "target_nodeids", "target_treeids", "target_weights",
      "class_ids",  "class_nodeids",  "class_treeids",  "class_weights"};
  const size_t first = std::string_view(votes) == "target" ? 0 : 4;
  return {IntList("nodes_treeids", {0, 0, 0, 0, 0}),
          IntList("nodes_nodeids", {0, 1, 2, 3, 4}),
          IntList("nodes_featureids", {0, 0, 1, 0, 0}),
          IntList("nodes_truenodeids", {1, 0, 3, 0, 0}),
          IntList("nodes_falsenodeids", {2, 0, 4, 0, 0}),
          FloatList("nodes_values", {0.5f, 0, 2, 0, 0}),
          TextList("nodes_modes",
                   {"BRANCH_LEQ", "LEAF", "BRANCH_GT", "LEAF", "LEAF"}),
          IntList(names[first], {0, 1, 0, 1}),
          IntList(names[first + 1], {1, 3, 4, 4}),
          IntList(names[first + 2], {0, 0, 0, 0}),
          FloatList(names[first + 3], {10, 20, 30, 40})};
}
const TensorRef& TreeInput() {
  static const TensorRef& x =
      *new TensorRef(Floats({4, 2}, {0.5f, 9, 1, 3, 1, 2, kNan, 3}));
  return x;
}

TEST(MlTreeTest, Regressor) {
  const auto attributes = With(Tree("target"), Int("n_targets", 2));
  for (const int64_t version : {1, 3}) {
    ExpectOutput<float>(
        RunMl("TreeEnsembleRegressor", {TreeInput()}, attributes, version), 0,
        {4, 2}, {10, 0, 0, 20, 30, 40, 0, 20});
  }
  const auto missing = With(
      attributes, IntList("nodes_missing_value_tracks_true", {1, 0, 0, 0, 0}));
  ExpectOutput<float>(RunMl("TreeEnsembleRegressor", {TreeInput()}, missing, 3),
                      0, {4, 2}, {10, 0, 0, 20, 30, 40, 10, 0});
}

TEST(MlTreeTest, WrongTrees) {
  const auto attributes = With(Tree("target"), Int("n_targets", 2));
  const auto run = [&](const Attribute& changed) {
    return RunMl("TreeEnsembleRegressor", {TreeInput()},
                 With(attributes, changed), 3)
        .status();
  };
  EXPECT_OK(run(Int("n_targets", 2)));
  for (const Attribute& wrong :
       {Int("n_targets", 1), Int("n_targets", INT64_MAX), Int("n_targets", -1),
        IntList("nodes_truenodeids", {1, 0, 0, 0, 0}),
        IntList("nodes_truenodeids", {7, 0, 3, 0, 0}),
        IntList("nodes_truenodeids", {1, 0, 3, 0}),
        IntList("nodes_featureids", {0, 0, 2, 0, 0}),
        IntList("nodes_featureids", {-1, 0, 1, 0, 0}),
        IntList("nodes_nodeids", {0, 1, 2, 3, 3}),
        IntList("target_nodeids", {1, 3, 4, 9}),
        IntList("target_ids", {0, 1, 0, -1}), FloatList("target_weights", {1}),
        FloatList("base_values", {1}), Text("post_transform", "X"),
        Text("aggregate_function", "X"),
        TextList("nodes_modes", {"A", "LEAF", "LEAF", "LEAF", "LEAF"}),
        IntList("nodes_missing_value_tracks_true", {1})}) {
    EXPECT_FALSE(run(wrong).ok()) << wrong.name;
  }
}

TEST(MlTreeTest, Aggregates) {
  // Two trees of one leaf each.
  const auto run = [](std::string_view aggregate) {
    return RunMl(
        "TreeEnsembleRegressor", {Floats({1, 1}, {0})},
        {IntList("nodes_treeids", {0, 1}), IntList("nodes_nodeids", {0, 0}),
         IntList("nodes_featureids", {0, 0}),
         IntList("nodes_truenodeids", {0, 0}),
         IntList("nodes_falsenodeids", {0, 0}),
         FloatList("nodes_values", {0, 0}),
         TextList("nodes_modes", {"LEAF", "LEAF"}),
         IntList("target_ids", {0, 0}), IntList("target_nodeids", {0, 0}),
         IntList("target_treeids", {0, 1}), FloatList("target_weights", {2, 4}),
         Int("n_targets", 1), FloatList("base_values", {100}),
         Text("aggregate_function", aggregate)},
        3);
  };
  ExpectOutput<float>(run("SUM"), 0, {1, 1}, {106});
  ExpectOutput<float>(run("AVERAGE"), 0, {1, 1}, {103});
  ExpectOutput<float>(run("MIN"), 0, {1, 1}, {102});
  ExpectOutput<float>(run("MAX"), 0, {1, 1}, {104});
}

TEST(MlTreeTest, Classifier) {
  const auto labelled = [](std::vector<int64_t> labels) {
    return With(Tree("class"),
                IntList("classlabels_int64s", std::move(labels)));
  };
  const auto three =
      RunMl("TreeEnsembleClassifier", {TreeInput()}, labelled({7, 8, 9}), 3);
  ExpectOutput<int64_t>(three, 0, {4}, {7, 8, 8, 8});
  ExpectOutput<float>(three, 1, {4, 3},
                      {10, 0, 0, 0, 20, 0, 30, 40, 0, 0, 20, 0});
  // By convention, votes for one of two classes are the score of the other.
  auto one = With(labelled({7, 8}), IntList("class_ids", {0, 0, 0, 0}));
  one = With(one, FloatList("class_weights", {0.25f, 0.75f, 0.5f, 0.125f}));
  const auto two = RunMl("TreeEnsembleClassifier", {TreeInput()}, one, 3);
  ExpectOutput<int64_t>(two, 0, {4}, {7, 8, 8, 8});
  ExpectOutput<float>(
      two, 1, {4, 2},
      {0.75f, 0.25f, 0.25f, 0.75f, 0.375f, 0.625f, 0.25f, 0.75f});
  EXPECT_TRUE(absl::IsUnimplemented(
      RunMl("TreeEnsembleClassifier", {TreeInput()}, labelled({7, 8}), 3)
          .status()));
  EXPECT_FALSE(
      RunMl("TreeEnsembleClassifier", {TreeInput()}, Tree("class"), 3).ok());
}

// x0 in {1, 3} ? leaf 0 : (x1 < 2 ? leaf 1 : leaf 2)
std::vector<Attribute> Ensemble() {
  return {
      IntList("nodes_featureids", {0, 1}),
      IntList("nodes_truenodeids", {0, 1}),
      IntList("nodes_trueleafs", {1, 1}),
      IntList("nodes_falsenodeids", {1, 2}),
      IntList("nodes_falseleafs", {0, 1}),
      TensorOf("nodes_modes", Make<uint8_t>(ElementType::kUint8, {2}, {6, 1})),
      TensorOf("nodes_splits", Floats({2}, {0, 2})),
      TensorOf("membership_values", Floats({3}, {1, 3, kNan})),
      IntList("leaf_targetids", {0, 1, 0}),
      TensorOf("leaf_weights", Floats({3}, {10, 20, 30})),
      IntList("tree_roots", {0}),
      Int("n_targets", 2)};
}

TEST(MlTreeTest, Membership) {
  const TensorRef x = Floats({3, 2}, {3, 0, 2, 0, 2, 2});
  ExpectOutput<float>(RunMl("TreeEnsemble", {x}, Ensemble()), 0, {3, 2},
                      {10, 0, 0, 20, 30, 0});
  for (const Attribute& wrong :
       {IntList("nodes_falsenodeids", {0, 2}),
        IntList("nodes_falsenodeids", {1, 3}), IntList("tree_roots", {2}),
        IntList("tree_roots", {}), IntList("leaf_targetids", {0, 1}),
        IntList("leaf_targetids", {0, 1, 2}), Int("post_transform", 5),
        Int("aggregate_function", -1),
        TensorOf("membership_values", Floats({0}, {})),
        TensorOf("membership_values", Floats({2}, {kNan, 1})),
        TensorOf("nodes_splits", Floats({1}, {0}))}) {
    EXPECT_FALSE(RunMl("TreeEnsemble", {x}, With(Ensemble(), wrong)).ok())
        << wrong.name;
  }
}

Datum IntsToFloats(std::vector<int64_t> keys, std::vector<float> values) {
  const auto size = static_cast<int64_t>(values.size());
  return Datum::Map(Ints(std::move(keys)), Floats({size}, std::move(values)));
}

TEST(MlMapsTest, ZipMap) {
  const std::vector<Attribute> attributes = {
      IntList("classlabels_int64s", {8, 5})};
  const OpDef& op = Find("ZipMap", 5);
  const Datum x(Floats({2, 2}, {1, 2, 3, 4}));
  ASSERT_OK_AND_ASSIGN(const Datum maps, ZipMap({op, attributes}, {&x, 1}));
  const Datum expected = Datum::Sequence(
      {IntsToFloats({5, 8}, {2, 1}), IntsToFloats({5, 8}, {4, 3})});
  ASSERT_OK_AND_ASSIGN(const Comparison same, Compare(expected, maps, {}));
  EXPECT_TRUE(same.equal) << same.difference;
  const Datum narrow(Floats({1}, {1}));
  EXPECT_FALSE(ZipMap({op, attributes}, {&narrow, 1}).ok());
  EXPECT_FALSE(ZipMap({op, {}}, {&x, 1}).ok());
}

TEST(MlMapsTest, DictVectorizer) {
  const std::vector<Attribute> attributes = {
      TextList("string_vocabulary", {"a", "c", "b", "z"})};
  const OpDef& op = Find("DictVectorizer", 5);
  const Datum map = Datum::Map(Texts({2}, {"a", "c"}), Ints({4, 8}));
  ASSERT_OK_AND_ASSIGN(const Datum y,
                       DictVectorizer({op, attributes}, {&map, 1}));
  EXPECT_EQ(y.tensor()->dims(), (TensorDims{1, 4}));
  EXPECT_EQ(ValuesOf<int64_t>(*y.tensor()), (std::vector<int64_t>{4, 8, 0, 0}));
  const Datum unknown = Datum::Map(Texts({1}, {"q"}), Ints({4}));
  EXPECT_FALSE(DictVectorizer({op, attributes}, {&unknown, 1}).ok());
}

TEST(MlMapsTest, CastMap) {
  const OpDef& op = Find("CastMap", 5);
  const Datum map = IntsToFloats({1, 3}, {1.5f, -2});
  const std::vector<Attribute> sparse = {Text("map_form", "SPARSE"),
                                         Int("max_map", 4),
                                         Text("cast_to", "TO_INT64")};
  ASSERT_OK_AND_ASSIGN(const Datum y, CastMap({op, sparse}, {&map, 1}));
  EXPECT_EQ(ValuesOf<int64_t>(*y.tensor()),
            (std::vector<int64_t>{0, 1, 0, -2}));
  const std::vector<Attribute> dense = {Text("cast_to", "TO_STRING")};
  ASSERT_OK_AND_ASSIGN(const Datum text, CastMap({op, dense}, {&map, 1}));
  EXPECT_EQ(text.tensor()->strings(),
            (std::vector<std::string>{"1.500000", "-2.000000"}));
  const std::vector<Attribute> small = {Text("map_form", "SPARSE"),
                                        Int("max_map", 3)};
  EXPECT_FALSE(CastMap({op, small}, {&map, 1}).ok());
  const Datum words = Datum::Map(Ints({0}), Texts({1}, {"x"}));
  EXPECT_FALSE(CastMap({op, {}}, {&words, 1}).ok());
}

TEST(MlMapsTest, Comparison) {
  const Datum a = IntsToFloats({1, 2}, {1, 2});
  ASSERT_OK_AND_ASSIGN(const Comparison values,
                       Compare(a, IntsToFloats({1, 2}, {1, 3}), {}));
  EXPECT_FALSE(values.equal);
  EXPECT_EQ(values.difference,
            "values of the map: element [1] of float[2] is 3 instead of 2");
  ASSERT_OK_AND_ASSIGN(const Comparison keys,
                       Compare(a, IntsToFloats({1, 3}, {1, 2}), {}));
  EXPECT_FALSE(keys.equal);
}

}  // namespace
}  // namespace onnxopt::eval
