#include "image/build/stage_plan.h"

#include <doctest/doctest.h>

namespace ikada {
namespace {

const Platform kHost{.os = "linux", .architecture = "amd64", .variant = ""};

struct Planned {
  StageSettings settings;
  std::vector<PlannedStep> steps;
};

Result<Planned> plan_stage(std::string_view text,
                           const std::map<std::string, std::string>& arguments = {}) {
  IK_LET(file, parse_dockerfile(text, "Dockerfile"));
  const BuildVariables variables(arguments, kHost, kHost);
  Planned planned;
  planned.settings.config.env = {"PATH=/bin", "BASE=b"};
  for (const Instruction& each : file.stages[0].instructions) {
    IK_LET(step, plan_step(each, variables, file.escape, planned.settings));
    planned.steps.push_back(std::move(step));
  }
  return planned;
}

Planned plan(std::string_view text, const std::map<std::string, std::string>& arguments = {}) {
  Result<Planned> planned = plan_stage(text, arguments);
  REQUIRE_MESSAGE(planned.has_value(), text);
  return std::move(*planned);
}

std::string failure(std::string_view text) {
  const Result<Planned> planned = plan_stage(text);
  return planned.has_value() ? "" : planned.error().message;
}

TEST_CASE("ENV is seen by what follows, and all of one line sees what was before it") {
  const Planned planned = plan("FROM a\nENV a=1 b=${a:-none} c=\"x $BASE\"\nENV BASE=new d=$b\n");

  CHECK(planned.settings.config.env ==
        std::vector<std::string>{"PATH=/bin", "BASE=new", "a=1", "b=none", "c=x b", "d=none"});
}

TEST_CASE("ARG has the given value, its default or the global one, and ENV wins over it") {
  const Planned planned =
      plan("FROM a\nARG x=1\nARG y=2 z\nARG BASE=arg\nARG TARGETARCH\nRUN env\n", {{"y", "given"}});
  const auto& run = std::get<RunStep>(planned.steps.back().action);

  CHECK(run.environment ==
        std::vector<std::string>{"x=1", "y=given", "BASE=b", "TARGETARCH=amd64", "PATH=/bin"});
  CHECK(planned.steps.back().created_by ==
        "RUN |4 x=1 y=given BASE=arg TARGETARCH=amd64 /bin/sh -c env");
}

TEST_CASE("RUN uses the shell, the directory and the user as they are then") {
  const Planned planned = plan(
      "FROM a\nWORKDIR /a\nWORKDIR b/../c\nUSER me\nSHELL [\"bash\", \"-c\"]\nRUN x\nRUN "
      "[\"y\"]\n");
  const auto& shell = std::get<RunStep>(planned.steps[4].action);

  CHECK(shell.arguments == std::vector<std::string>{"bash", "-c", "x"});
  CHECK(shell.working_dir == "/a/c");
  CHECK(shell.user == "me");
  CHECK(std::get<RunStep>(planned.steps[5].action).arguments == std::vector<std::string>{"y"});
  CHECK(std::get<MakeDirectoryStep>(planned.steps[1].action).path == "/a/c");
}

TEST_CASE("here-documents are the script, a part of it, or a file with an interpreter") {
  const Planned planned = plan(
      "FROM a\nRUN <<E\nx\nE\nRUN cat <<E > f\n$y\nE\nRUN <<E\n#!/bin/perl\nz\nE\n"
      "COPY <<E <<'F' /d/\n$BASE \\$x\nE\n$BASE\nF\n");

  CHECK(std::get<RunStep>(planned.steps[0].action).arguments ==
        std::vector<std::string>{"/bin/sh", "-c", "x\n"});
  CHECK(std::get<RunStep>(planned.steps[1].action).arguments[2] == "cat <<E > f\n$y\nE");
  const auto& script = std::get<RunStep>(planned.steps[2].action);
  CHECK(script.arguments == std::vector<std::string>{"/dev/pipes/E"});
  CHECK(script.script == "#!/bin/perl\nz\n");
  const auto& copy = std::get<CopyStep>(planned.steps[3].action);
  REQUIRE(copy.files.size() == 2);
  CHECK(copy.files[0].content == "b $x\n");
  CHECK(copy.files[1].content == "$BASE\n");
}

TEST_CASE("a new ENTRYPOINT takes the base's CMD away, but not the stage's own") {
  CHECK(plan("FROM a\nCMD x\nENTRYPOINT [\"e\"]\n").settings.config.cmd.size() == 3);
  StageSettings settings;
  settings.config.cmd = {"base"};
  const auto file = parse_dockerfile("FROM a\nENTRYPOINT [\"e\"]\n", "Dockerfile");
  REQUIRE(file.has_value());
  const BuildVariables variables({}, kHost, kHost);

  REQUIRE(plan_step(file->stages[0].instructions[0], variables, '\\', settings).has_value());

  CHECK(settings.config.cmd.empty());
}

TEST_CASE("EXPOSE, VOLUME, LABEL and the rest change the settings") {
  const Planned planned = plan(
      "FROM a\nARG p=\"1 2/udp\"\nEXPOSE 80 $p 5-6\nVOLUME /v\nVOLUME [\"/v\", \"/w\"]\n"
      "LABEL a=$BASE b='c d'\nSTOPSIGNAL SIG$BASE\nHEALTHCHECK --retries=2 CMD [\"x\"]\n"
      "ONBUILD RUN $x\nMAINTAINER me\n");
  const ImageConfig& config = planned.settings.config;

  CHECK(config.exposed_ports ==
        std::vector<std::string>{"80/tcp", "1/tcp", "2/udp", "5/tcp", "6/tcp"});
  CHECK(config.volumes == std::vector<std::string>{"/v", "/w"});
  CHECK(config.labels == std::map<std::string, std::string>{{"a", "b"}, {"b", "c d"}});
  CHECK(config.stop_signal == "SIGb");
  REQUIRE(config.healthcheck.has_value());
  CHECK(config.healthcheck->test == std::vector<std::string>{"CMD", "x"});
  CHECK(config.on_build == std::vector<std::string>{"RUN $x"});
  CHECK(config.author == "me");
}

TEST_CASE("paths are absolute, and keep the sign of a directory") {
  CHECK(resolve_path("/w", "a") == "/w/a");
  CHECK(resolve_path("/w", "a/") == "/w/a/");
  CHECK(resolve_path("/w", ".") == "/w/");
  CHECK(resolve_path("/w", "..") == "/");
  CHECK(resolve_path("/w", "/a/../../b") == "/b");
  CHECK(resolve_path("/", "") == "/");
}

TEST_CASE("secrets are in cache keys by name only, and what a step does is in them") {
  const auto key = [](std::string_view line) {
    const Planned planned = plan("FROM a\n" + std::string(line));
    return describe_action(planned.steps[0].action);
  };

  CHECK(key("RUN a") != key("RUN b"));
  CHECK(key("RUN --network=none a") != key("RUN a"));
  CHECK(key("RUN --mount=type=secret,id=s a") != key("RUN --mount=type=secret,id=t a"));
  CHECK(key("COPY --chmod=1 a b") != key("COPY a b"));
  CHECK(key("COPY --chown=x a b") != key("COPY a b"));
  CHECK(key("COPY a b") == key("COPY c b"));
}

TEST_CASE("what variables make wrong is an error") {
  CHECK(failure("FROM a\nEXPOSE x\n") == "invalid containerPort: x");
  CHECK(failure("FROM a\nEXPOSE 9-8\n") == "invalid containerPort: 9-8");
  CHECK(failure("FROM a\nWORKDIR $none\n") == "the path is empty");
  CHECK(failure("FROM a\nENV $none=1\n") == "names can not be blank");
  CHECK(failure("FROM a\nCOPY a b c\n").starts_with("with more than one source file"));
  CHECK(failure("FROM a\nCOPY --chmod=u+q a b\n").starts_with("--chmod: expected an octal"));
  CHECK(failure("FROM a\nRUN --mount=type=bind,target=$none x\n") == "--mount: target is missing");
}

}  // namespace
}  // namespace ikada
