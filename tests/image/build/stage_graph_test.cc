#include "image/build/stage_graph.h"

#include <doctest/doctest.h>

namespace ikada {
namespace {

const Platform kHost{.os = "linux", .architecture = "amd64", .variant = ""};

// "0 base=IMAGE|#N uses=#N,…", one line for each needed stage.
std::string plan(std::string_view text,
                 const std::string& target = "",
                 const std::map<std::string, std::string>& arguments = {}) {
  const auto file = parse_dockerfile(text, "Dockerfile");
  REQUIRE(file.has_value());
  BuildVariables variables(arguments, kHost, kHost);
  for (const Instruction& each : file->arguments) {
    REQUIRE(variables.declare_global(each, file->escape).has_value());
  }
  const auto graph = plan_stages(*file, variables, target);
  if (!graph.has_value()) return "error: " + graph.error().message;
  std::string result;
  for (size_t i = 0; i < graph->stages.size(); ++i) {
    const PlannedStage& stage = graph->stages[i];
    if (!stage.needed) continue;
    result += fmt::format(
        "{} {}",
        i,
        stage.base.stage.has_value() ? fmt::format("#{}", *stage.base.stage) : stage.base.image);
    if (!stage.platform.empty()) result += " " + stage.platform;
    for (const size_t used : stage.uses) result += fmt::format(" uses #{}", used);
    result += "\n";
  }
  return result;
}

TEST_CASE("stages that the target does not need are left out") {
  const std::string_view text =
      "FROM a AS one\nFROM b AS two\nFROM one\nCOPY --from=two /x /x\nFROM c AS last\n";

  CHECK(plan(text) == "3 c\n");
  CHECK(plan(text, "2") == "0 a\n1 b\n2 #0 uses #1\n");
  CHECK(plan(text, "TWO") == "1 b\n");
  CHECK(plan(text, "none") == "error: Dockerfile: target stage \"none\" could not be found");
}

TEST_CASE("a source is a stage by name or number, else an image") {
  CHECK(plan("FROM a AS x\nFROM b\nCOPY --from=0 /x /x\nCOPY --from=img:1 /y /y\n"
             "RUN --mount=type=bind,from=X,target=/m true\n") == "0 a\n1 b uses #0 uses #0\n");
}

TEST_CASE("FROM knows global arguments and platforms, and the last stage of a name") {
  CHECK(plan("ARG v=1\nARG full=base:$v\nFROM --platform=$BUILDPLATFORM $full\n") ==
        "0 base:1 linux/amd64\n");
  CHECK(plan("ARG v=1\nFROM base:${v}\n", "", {{"v", "2"}}) == "0 base:2\n");
  CHECK(plan("FROM a AS x\nFROM x AS x\nFROM x\n") == "0 a\n1 #0\n2 #1\n");
  CHECK(plan("FROM a\nFROM 0\n") == "1 0\n");
}

TEST_CASE("what cannot be a source is an error with its line") {
  CHECK(plan("FROM ${none}\n") ==
        "error: Dockerfile:1: FROM: base name (${none}) should not be blank");
  CHECK(plan("FROM a AS x\nCOPY --from=x /a /b\n") ==
        "error: Dockerfile:2: COPY: a stage cannot copy from itself: x");
  CHECK(plan("FROM a\nCOPY --from=$x /a /b\n") ==
        "error: Dockerfile:2: COPY: variables are not supported in from: $x");
}

TEST_CASE("arguments that no ARG asks for are known") {
  const auto file = parse_dockerfile("ARG a\nFROM x\nARG b\n", "Dockerfile");
  REQUIRE(file.has_value());
  const BuildVariables variables(
      {{"a", "1"}, {"b", "1"}, {"c", "1"}, {"HTTP_PROXY", "p"}}, kHost, kHost);

  CHECK(variables.unused(*file) == std::vector<std::string>{"c"});
  CHECK(variables.proxies() == std::vector<std::string>{"HTTP_PROXY=p"});
}

}  // namespace
}  // namespace ikada
