#include "image/dockerfile/instruction.h"

#include <doctest/doctest.h>

namespace ikada {
namespace {

Result<Instruction> parse(std::string_view text) {
  IK_LET(lines, split_logical_lines(text));
  if (lines.lines.empty()) return make_error(ErrorKind::kInvalid, "no line");
  return parse_instruction(lines.lines[0], lines.escape);
}

template <typename Body>
Body parse_as(std::string_view text) {
  const Result<Instruction> instruction = parse(text);
  REQUIRE_MESSAGE(instruction.has_value(), text);
  const Body* body = std::get_if<Body>(&instruction->body);
  REQUIRE(body != nullptr);
  return *body;
}

TEST_CASE("FROM has a platform and a stage's name") {
  const auto from = parse_as<FromInstruction>("FROM --platform=$BUILDPLATFORM debian:12 AS Base");

  CHECK(from.image == "debian:12");
  CHECK(from.platform == "$BUILDPLATFORM");
  CHECK(from.name == "base");
}

TEST_CASE("RUN is a text for the shell or a list of words") {
  CHECK(parse_as<RunInstruction>("RUN a  'b c'").command.arguments ==
        std::vector<std::string>{"a  'b c'"});
  const auto exec = parse_as<RunInstruction>("RUN [\"a\", \"b c\"]");
  CHECK_FALSE(exec.command.is_shell);
  CHECK(exec.command.arguments == std::vector<std::string>{"a", "b c"});
  CHECK(parse_as<RunInstruction>("RUN [a, b]").command.is_shell);
}

TEST_CASE("RUN takes mounts and a network") {
  const auto run = parse_as<RunInstruction>(
      "RUN --mount=type=cache,target=/c --network=none --mount=type=bind,target=/s,from=x make");

  CHECK(run.mounts ==
        std::vector<std::string>{"type=cache,target=/c", "type=bind,target=/s,from=x"});
  CHECK(run.network == "none");
  CHECK(run.command.arguments == std::vector<std::string>{"make"});
}

TEST_CASE("a mount's fields are read by its kind") {
  const auto secret = parse_run_mount("type=secret,id=key,mode=0440,uid=7,required");
  REQUIRE(secret.has_value());
  CHECK(secret->target == "/run/secrets/key");
  CHECK(secret->mode == 0440U);
  CHECK(secret->uid == 7);
  CHECK(secret->required);
  const auto variable = parse_run_mount("type=secret,id=key,env=KEY");
  REQUIRE(variable.has_value());
  CHECK(variable->target.empty());
  const auto cache = parse_run_mount("type=cache,target=/c,sharing=locked,ro");
  REQUIRE(cache.has_value());
  CHECK(cache->id == "/c");
  CHECK(cache->sharing == "locked");
  CHECK(cache->read_only == true);
  const auto tmpfs = parse_run_mount("type=tmpfs,target=/t,size=1m");
  REQUIRE(tmpfs.has_value());
  CHECK(tmpfs->size_bytes == 1 << 20);
  const auto ssh = parse_run_mount("type=ssh,required");
  REQUIRE(ssh.has_value());
  CHECK(ssh->id == "default");
  CHECK(ssh->required);
  const auto bind = parse_run_mount("target=/s,rw");
  REQUIRE(bind.has_value());
  CHECK(bind->type == RunMount::Type::kBind);
  CHECK(bind->read_only == false);

  for (const std::string_view wrong : {"type=sock",
                                       "type=ssh,size=1m",
                                       "type=bind",
                                       "type=bind,target=/a,id=x",
                                       "type=cache,target=/a,sharing=maybe",
                                       "type=secret",
                                       "type=cache,target=/a,mode=9",
                                       "type=tmpfs,target=/a,size=x",
                                       "target",
                                       "type=bind,target=/a,rw=perhaps",
                                       "type=cache,target=/a,uid=-1"}) {
    CAPTURE(wrong);
    CHECK_FALSE(parse_run_mount(wrong).has_value());
  }
}

TEST_CASE("COPY and ADD take flags, several sources, JSON and here-documents") {
  const auto copy = parse_as<CopyInstruction>(
      "COPY --from=build --chown=a:b --chmod=755 --link --exclude=*.o a 'b c' /d/");
  CHECK(copy.from == "build");
  CHECK(copy.chown == "a:b");
  CHECK(copy.chmod == "755");
  CHECK(copy.link);
  CHECK(copy.exclude == std::vector<std::string>{"*.o"});
  CHECK(copy.sources == std::vector<std::string>{"a", "'b c'"});
  CHECK(copy.destination == "/d/");
  const auto json = parse_as<CopyInstruction>("ADD [\"a b\", \"/c\"]");
  CHECK(json.is_add);
  CHECK(json.sources == std::vector<std::string>{"a b"});
  CHECK(parse_as<CopyInstruction>("COPY <<EOF /x\ntext\nEOF").sources ==
        std::vector<std::string>{"<<EOF"});
}

TEST_CASE("assignments keep their quotes; the older form takes the rest of the line") {
  const auto env = parse_as<EnvInstruction>("ENV a=1 b=\"x y\" c=x\\ y");
  CHECK(env.variables == RawAssignments{{"a", "1"}, {"b", "\"x y\""}, {"c", "x\\ y"}});
  CHECK(parse_as<EnvInstruction>("ENV a  b = c").variables == RawAssignments{{"a", "b = c"}});
  CHECK(parse_as<ArgInstruction>("ARG a b=1").arguments.size() == 2);
}

TEST_CASE("HEALTHCHECK has durations") {
  const auto check =
      parse_as<HealthcheckInstruction>("HEALTHCHECK --interval=1m30s --retries=3 CMD curl x");
  CHECK(check.interval_ns == 90'000'000'000);
  CHECK(check.retries == 3);
  CHECK(check.command.arguments == std::vector<std::string>{"curl x"});
  CHECK(parse_as<HealthcheckInstruction>("HEALTHCHECK NONE").none);
  CHECK(parse_go_duration("1.5ms").value() == 1'500'000);
  CHECK_FALSE(parse_go_duration("1x").has_value());
  CHECK_FALSE(parse_go_duration("").has_value());
}

TEST_CASE("ONBUILD keeps its instruction with its here-documents") {
  CHECK(parse_as<OnbuildInstruction>("ONBUILD RUN <<EOF\nx\nEOF").trigger == "RUN <<EOF\nx\nEOF");
}

TEST_CASE("mistakes name the line and the instruction") {
  struct Case {
    std::string_view text;
    std::string_view message;
  };
  const Case cases[] = {
      {"FRO a", "1: FRO: unknown instruction"},
      {"FROM a b", "1: FROM: requires either one argument, or three: FROM <source> [AS <name>]"},
      {"FROM a AS 1x", "1: FROM: invalid name for build stage: \"1x\""},
      {"FROM --x=1 a", "1: FROM: unknown flag: --x"},
      {"RUN", "1: RUN: requires at least one argument"},
      {"RUN []", "1: RUN: an empty command"},
      {"RUN --network=x a", "1: RUN: --network: unknown mode x"},
      {"RUN --mount=type=sock a", "1: RUN: --mount: type sock is not supported"},
      {"\n\nCOPY a", "3: COPY: requires at least two arguments, but only 1 was provided"},
      {"COPY --link=2 a b", "1: COPY: --link: expected true or false, not 2"},
      {"ENV a", "1: ENV: must have two arguments: a"},
      {"ENV a=1 b", "1: ENV: can't find = in \"b\", must be of the form: name=value"},
      {"ENV =x", "1: ENV: names can not be blank"},
      {"ARG 1a", "1: ARG: invalid name: \"1a\""},
      {"SHELL bash", "1: SHELL: requires the arguments to be in JSON form"},
      {"WORKDIR", "1: WORKDIR: requires exactly one argument"},
      {"VOLUME [\"\"]", "1: VOLUME: specified can not be an empty string"},
      {"HEALTHCHECK --interval=1 CMD x", "1: HEALTHCHECK: --interval: invalid duration \"1\""},
      {"HEALTHCHECK x", "1: HEALTHCHECK: unknown type \"x\", expected CMD or NONE"},
      {"ONBUILD FROM a", "1: ONBUILD: FROM isn't allowed as an ONBUILD trigger"},
      {"ONBUILD ONBUILD RUN a", "1: ONBUILD: chaining ONBUILD via `ONBUILD ONBUILD` isn't allowed"},
      {"ONBUILD FOO", "1: ONBUILD: FOO: unknown instruction"},
  };
  for (const Case& each : cases) {
    CAPTURE(each.text);
    const Result<Instruction> parsed = parse(each.text);
    REQUIRE_FALSE(parsed.has_value());
    CHECK(parsed.error().message == each.message);
  }
}

}  // namespace
}  // namespace ikada
