// SPDX-License-Identifier: Apache-2.0
// Registry, pipeline text, pass manager and driver.
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "ir/graph_editor.h"
#include "passes/optimize.h"
#include "passes/pass_manager.h"
#include "passes/pipeline.h"
#include "passes/registry.h"
#include "passes/testing.h"
#include "support/status_matchers.h"

namespace onnxopt {
namespace {

using ::onnxopt::pass_testing::Add;
using ::onnxopt::pass_testing::Input;
using ::onnxopt::pass_testing::NewModel;
using ::onnxopt::pass_testing::Return;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

using enum absl::StatusCode;

PassInfo TestPass(
    std::string name,
    std::function<absl::Status(Model&, PassContext&)> run =
        [](Model&, PassContext&) { return absl::OkStatus(); }) {
  PassInfo pass;
  pass.name = std::move(name);
  pass.summary = "for tests";
  pass.run = std::move(run);
  return pass;
}

// Renames the only input to `name` unless it has that name.
PassInfo RenamePass(std::string pass_name, std::string name) {
  return TestPass(
      std::move(pass_name), [name](Model& model, PassContext& context) {
        Value* input = model.graph()->inputs()[0];
        if (input->name() == name) return absl::OkStatus();
        if (!context.Allow("renamed", [&] { return "renamed to " + name; })) {
          return absl::OkStatus();
        }
        model.graph()->Rename(input, name);
        return absl::OkStatus();
      });
}

std::unique_ptr<Model> SmallModel() {
  auto model = NewModel();
  Graph& graph = *model->graph();
  Return(graph, Add(graph, "Relu", {Input(graph, "x")}, "y"));
  return model;
}

// --- Registry

TEST(PassRegistryTest, RejectsBadAndTakenNames) {
  PassRegistry registry;
  EXPECT_OK(registry.Add(TestPass("fold-2")));
  EXPECT_THAT(registry.Add(TestPass("fold-2")),
              StatusIs(kAlreadyExists, HasSubstr("'fold-2'")));
  EXPECT_THAT(registry.Add(TestPass("Fold")),
              StatusIs(kInvalidArgument, HasSubstr("'Fold'")));
  EXPECT_THAT(registry.Add(TestPass("fixpoint")),
              StatusIs(kInvalidArgument, HasSubstr("'fixpoint'")));
  EXPECT_THAT(registry.Add(TestPass("nothing", nullptr)),
              StatusIs(kInvalidArgument, HasSubstr("no function")));
  EXPECT_THAT(registry.AddGroup({"fold-2", "", {"fold-2"}}),
              StatusIs(kAlreadyExists, HasSubstr("'fold-2'")));
  EXPECT_THAT(registry.AddGroup({"all", "", {}}),
              StatusIs(kInvalidArgument, HasSubstr("no members")));
  EXPECT_THAT(registry.AddGroup({"all", "", {"fold-3"}}),
              StatusIs(kInvalidArgument,
                       AllOf(HasSubstr("group 'all'"), HasSubstr("fold-2"))));
}

TEST(PassRegistryTest, BuiltinsAreSortedDescribedAndNearestIsSuggested) {
  PassRegistry registry;
  RegisterBuiltin(registry);
  std::vector<std::string> names;
  for (const PassInfo* pass : registry.all()) {
    names.push_back(pass->name);
    EXPECT_FALSE(pass->summary.empty()) << pass->name;
    EXPECT_EQ(pass->summary.find('\n'), std::string::npos) << pass->name;
  }
  EXPECT_THAT(names,
              ElementsAre("cse", "dedup-constants", "eliminate-dead",
                          "eliminate-identity", "eliminate-unused-body-inputs",
                          "fold", "fuse", "hoist-constants", "simplify"));
  EXPECT_THAT(registry.groups(), SizeIs(2));
  EXPECT_EQ(registry.Find("eliminate_dead"), registry.Find("eliminate-dead"));
  EXPECT_THAT(registry.UnknownName("eliminate-identty"),
              StatusIs(kInvalidArgument,
                       HasSubstr("did you mean 'eliminate-identity'?")));
  EXPECT_THAT(registry.UnknownName("zzzzzzzzzzz"),
              StatusIs(kInvalidArgument, HasSubstr("--list-passes")));
}

// --- Pipeline text

class PipelineTest : public ::testing::Test {
 protected:
  PipelineTest() {
    PassInfo fold = TestPass("fold-it");
    fold.options = {{"max-growth", "bytes", "1MiB"}, {"deep", "all", "false"}};
    EXPECT_OK(registry_.Add(std::move(fold)));
    EXPECT_OK(registry_.Add(TestPass("fuse-it")));
    EXPECT_OK(registry_.AddGroup({"both", "", {"fuse-it", "fold-it"}}));
  }

  // What the text means, or the error.
  std::string Parse(std::string_view text) {
    const auto steps = ParsePipeline(text, registry_);
    if (!steps.ok()) return std::string(steps.status().message());
    const std::string canonical = PipelineToString(*steps);
    const auto again = ParsePipeline(canonical, registry_);
    EXPECT_OK(again);
    EXPECT_EQ(PipelineToString(*again), canonical);
    return canonical;
  }

  PassRegistry registry_;
};

TEST_F(PipelineTest, Parses) {
  EXPECT_EQ(Parse(""), "");
  EXPECT_EQ(Parse("  "), "");
  EXPECT_EQ(Parse("fold_it"), "fold-it");
  EXPECT_EQ(Parse(" fold-it , fuse-it "), "fold-it,fuse-it");
  EXPECT_EQ(Parse("both"), "fuse-it,fold-it");
  EXPECT_EQ(Parse("fixpoint( both ,fold-it),fuse-it"),
            "fixpoint(fuse-it,fold-it,fold-it),fuse-it");
  EXPECT_EQ(Parse("fixpoint()"), "fixpoint()");
  EXPECT_EQ(Parse("fixpoint(fuse-it,fixpoint(fold-it))"),
            "fixpoint(fuse-it,fixpoint(fold-it))");
  EXPECT_EQ(Parse("fold-it<max_growth = 2MiB , deep>"),
            "fold-it<deep=true,max-growth=2MiB>");
}

TEST_F(PipelineTest, ErrorsNameThePlaceAndWhatIsWrong) {
  EXPECT_EQ(Parse("fold-it,fuse-at"),
            "pipeline, character 9: there is no pass or group named 'fuse-at'; "
            "did you mean 'fuse-it'?");
  EXPECT_EQ(Parse("fold-it,"),
            "pipeline, character 9: expected the name of a pass or group, "
            "found the end");
  EXPECT_EQ(Parse(",fold-it"),
            "pipeline, character 1: expected the name of a pass or group, "
            "found ','");
  EXPECT_EQ(Parse("fold-it fuse-it"),
            "pipeline, character 9: expected ',' or the end, found 'f'");
  EXPECT_EQ(Parse("fixpoint(fold-it"),
            "pipeline, character 17: expected ',' or ')', found the end");
  EXPECT_EQ(Parse("fixpoint"),
            "pipeline, character 9: expected '(' after 'fixpoint', found the "
            "end");
  EXPECT_EQ(Parse("fold-it)"),
            "pipeline, character 8: expected ',' or the end, found ')'");
  EXPECT_EQ(Parse("fold-it<shallow>"),
            "pipeline, character 9: pass 'fold-it' has no option 'shallow'; it "
            "has 'max-growth', 'deep'");
  EXPECT_EQ(Parse("fuse-it<deep>"),
            "pipeline, character 9: pass 'fuse-it' has no option 'deep'; it "
            "has none");
  EXPECT_EQ(Parse("fold-it<deep,deep>"),
            "pipeline, character 14: option 'deep' is given twice");
  EXPECT_EQ(Parse("fold-it<deep=>"),
            "pipeline, character 14: expected a value, found '>'");
  EXPECT_EQ(Parse("fold-it<deep"),
            "pipeline, character 13: expected ',' or '>', found the end");
  EXPECT_EQ(Parse("both<deep>"),
            "pipeline, character 1: group 'both' takes no options; give them "
            "to its members");
  std::string deep;
  for (int i = 0; i < 100000; ++i) deep += "fixpoint(";
  EXPECT_THAT(Parse(deep), HasSubstr("nested too deeply"));
}

TEST_F(PipelineTest, LevelsAreValidAndLevel1IsExact) {
  PassRegistry builtin;
  RegisterBuiltin(builtin);
  EXPECT_EQ(PipelineForLevel(0), "");
  for (int level = 1; level <= kMaxOptimizationLevel; ++level) {
    EXPECT_OK(ParsePipeline(PipelineForLevel(level), builtin));
  }
  ASSERT_OK_AND_ASSIGN(const auto steps,
                       ParsePipeline(PipelineForLevel(1), builtin));
  for (const PipelineStep& step : steps[0].steps) {
    const auto exact = step.options.find("exact");
    EXPECT_TRUE(step.pass->numeric == NumericClass::kExact ||
                (exact != step.options.end() && exact->second == "true"))
        << step.pass->name;
  }
}

TEST_F(PipelineTest, OptionsReachThePass) {
  std::vector<std::string> seen;
  PassInfo pass = TestPass("ask", [&seen](Model&, PassContext& context) {
    seen.emplace_back(context.Option("depth"));
    return absl::OkStatus();
  });
  pass.options = {{"depth", "how deep", "7"}};
  ASSERT_OK(registry_.Add(std::move(pass)));
  auto model = SmallModel();
  OptimizeOptions options;
  options.registry = &registry_;
  options.passes = "ask,ask<depth=3>";
  ASSERT_OK(Optimize(*model, options));
  EXPECT_THAT(seen, ElementsAre("7", "3"));
}

// --- Pass manager and driver

class OptimizeTest : public ::testing::Test {
 protected:
  OptimizeTest() : diagnostics_(/*wants_remarks=*/true) {
    EXPECT_OK(registry_.Add(RenamePass("to-a", "a")));
    EXPECT_OK(registry_.Add(RenamePass("to-b", "b")));
    EXPECT_OK(registry_.Add(TestPass("idle")));
    options_.registry = &registry_;
    options_.manager.diagnostics = &diagnostics_;
  }

  absl::StatusOr<OptimizeReport> Run(std::string passes) {
    options_.passes = std::move(passes);
    return Optimize(*model_, options_);
  }

  std::unique_ptr<Model> model_ = SmallModel();
  PassRegistry registry_;
  Diagnostics diagnostics_;
  OptimizeOptions options_;
};

TEST_F(OptimizeTest, ReportsRunsChangesAndCounters) {
  ASSERT_OK_AND_ASSIGN(const OptimizeReport report, Run("idle,to-a,to-a"));
  EXPECT_EQ(report.pipeline, "idle,to-a,to-a");
  EXPECT_EQ(report.changes, 1u);
  EXPECT_EQ(report.run.rewrites, 1);
  EXPECT_EQ(report.run.last_rewrite, "");
  ASSERT_THAT(report.run.passes, SizeIs(2));
  EXPECT_EQ(report.run.passes[0].name, "idle");
  EXPECT_EQ(report.run.passes[0].changes, 0);
  EXPECT_THAT(report.run.passes[0].counters, IsEmpty());
  EXPECT_EQ(report.run.passes[1].name, "to-a");
  EXPECT_EQ(report.run.passes[1].runs, 2);
  EXPECT_EQ(report.run.passes[1].changes, 1);
  EXPECT_EQ(report.run.passes[1].counters.at("renamed"), 1);
  ASSERT_THAT(diagnostics_.all(), SizeIs(1));
  EXPECT_EQ(diagnostics_.all()[0].pass, "to-a");
  EXPECT_EQ(diagnostics_.all()[0].message, "renamed to a");
}

TEST_F(OptimizeTest, FixpointRunsUntilNothingChanges) {
  ASSERT_OK_AND_ASSIGN(const OptimizeReport report, Run("fixpoint(to-a,idle)"));
  // The first step has to confirm that it is done; the second already was.
  EXPECT_EQ(report.run.passes[0].runs, 2);
  EXPECT_EQ(report.run.passes[1].runs, 1);
  EXPECT_THAT(report.run.unfinished, IsEmpty());
}

TEST_F(OptimizeTest, FixpointThatNeverEndsNamesItsPasses) {
  ASSERT_OK_AND_ASSIGN(const OptimizeReport report,
                       Run("fixpoint(to-a,idle,to-b)"));
  ASSERT_THAT(report.run.unfinished, SizeIs(1));
  EXPECT_THAT(report.run.unfinished[0],
              AllOf(HasSubstr("100 rounds"), HasSubstr("'to-a', 'to-b'")));
  EXPECT_EQ(diagnostics_.all().back().severity, Severity::kWarning);
  // Said once, though done a hundred times.
  EXPECT_THAT(diagnostics_.all(), SizeIs(3));
}

TEST_F(OptimizeTest, RewriteLimitCountsOverAllPasses) {
  options_.manager.rewrite_limit = 2;
  ASSERT_OK_AND_ASSIGN(const OptimizeReport report, Run("to-a,to-b,to-a"));
  EXPECT_EQ(report.run.rewrites, 2);
  EXPECT_EQ(report.run.last_rewrite, "to-b: renamed to b");
  EXPECT_EQ(model_->graph()->inputs()[0]->name(), "b");

  options_.manager.rewrite_limit = 0;
  ASSERT_OK_AND_ASSIGN(const OptimizeReport none, Run("to-a"));
  EXPECT_EQ(none.changes, 0u);
}

TEST_F(OptimizeTest, DisabledPassesAreSkipped) {
  options_.manager.disabled = {"to_a"};
  ASSERT_OK_AND_ASSIGN(const OptimizeReport report, Run("to-a,idle"));
  EXPECT_EQ(report.changes, 0u);
  EXPECT_THAT(report.run.passes, SizeIs(1));
  options_.manager.disabled = {"to-aa"};
  EXPECT_THAT(Run("to-a"), StatusIs(kInvalidArgument, HasSubstr("'to-a'?")));
}

TEST_F(OptimizeTest, CallbacksSeeEveryRun) {
  std::vector<std::string> seen;
  options_.manager.before_pass = [&seen](const PassEvent& event) {
    seen.push_back("before " + std::string(event.pass));
    EXPECT_FALSE(event.changed);
  };
  options_.manager.after_pass = [&seen](const PassEvent& event) {
    seen.push_back(std::to_string(event.run) + " " + std::string(event.pass) +
                   (event.changed ? " changed" : ""));
  };
  ASSERT_OK(Run("to-a,idle"));
  EXPECT_THAT(seen, ElementsAre("before to-a", "1 to-a changed", "before idle",
                                "2 idle"));
}

TEST_F(OptimizeTest, VerifyEachNamesThePassAndReproduces) {
  // Sets an output to a value of a function, which no graph outside may use.
  ASSERT_OK(registry_.Add(TestPass("breaks", [](Model& model, PassContext&) {
    Graph& body = *pass_testing::AddFunction(model, "g")->body();
    model.graph()->SetOutput(0, Input(body, "inner"));
    return absl::OkStatus();
  })));
  options_.manager.verify_each = true;
  EXPECT_THAT(
      Run("idle,to-a,breaks"),
      StatusIs(kInternal, AllOf(HasSubstr("pass 'breaks'"), HasSubstr("V2"),
                                HasSubstr("--passes='to-a,breaks'"),
                                HasSubstr("--rewrite-limit=1"))));
}

TEST_F(OptimizeTest, ErrorsOfAPassNameIt) {
  ASSERT_OK(registry_.Add(TestPass("fails", [](Model&, PassContext&) {
    return absl::DataLossError("cannot read weights");
  })));
  EXPECT_THAT(Run("fails"),
              StatusIs(kDataLoss, "pass 'fails': cannot read weights"));
}

TEST_F(OptimizeTest, APassGetsTheStateItNeeds) {
  std::optional<ModelState> seen;
  PassInfo pass =
      TestPass("canonical-only", [&seen](Model& model, PassContext&) {
        seen = model.state();
        return absl::OkStatus();
      });
  pass.required = ModelState::kCanonical;
  ASSERT_OK(registry_.Add(std::move(pass)));
  ASSERT_OK(Run("canonical-only"));
  EXPECT_EQ(seen, ModelState::kCanonical);
  EXPECT_EQ(model_->state(), ModelState::kLegalized);
}

TEST_F(OptimizeTest, RejectsLevelsThatDoNotExist) {
  options_.level = 4;
  EXPECT_THAT(Optimize(*model_, options_),
              StatusIs(kInvalidArgument, HasSubstr("0 to 3")));
}

TEST(OptimizeLevelTest, CountsOperatorsBeforeAndAfter) {
  auto model = NewModel();
  Graph& graph = *model->graph();
  Value* x = Input(graph, "x");
  Value* c =
      pass_testing::ConstantNodeOf(graph, "c", pass_testing::Floats({1}));
  Return(graph, Add(graph, "Add", {Add(graph, "Identity", {x}, "i"), c}, "y"));
  ASSERT_OK_AND_ASSIGN(const OptimizeReport report, Optimize(*model, {}));
  EXPECT_EQ(report.nodes_before, 3);
  EXPECT_EQ(report.nodes_after, 1);
  ASSERT_THAT(report.operators, SizeIs(3));
  EXPECT_EQ(report.operators[0].op, "Add");
  EXPECT_EQ(report.operators[0].after, 1);
  EXPECT_EQ(report.operators[1].op, "Constant");
  EXPECT_EQ(report.operators[1].before, 1);
  EXPECT_EQ(report.operators[2].op, "Identity");
  EXPECT_EQ(report.operators[2].after, 0);
}

TEST(OptimizeLevelTest, FreezesInitializersOnlyWhenAsked) {
  for (const int64_t ir_version : {3, 8}) {
    auto model = NewModel(ir_version);
    Graph& graph = *model->graph();
    Value* x = Input(graph, "x");
    Value* w = Input(graph, "w");
    GraphEditor::SetDefault(w, pass_testing::Floats({1}));
    Return(graph, Add(graph, "Add", {x, w}, "y"));
    OptimizeOptions options;
    ASSERT_OK(Optimize(*model, options));
    EXPECT_TRUE(w->IsInput());
    options.freeze_initializers = true;
    ASSERT_OK(Optimize(*model, options));
    EXPECT_TRUE(w->IsConstant());
    EXPECT_EQ(w->listed_as_input(), ir_version < 4);
    EXPECT_THAT(graph.inputs(), SizeIs(ir_version < 4 ? 2 : 1));
  }
}

}  // namespace
}  // namespace onnxopt
