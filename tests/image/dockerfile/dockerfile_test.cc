#include "image/dockerfile/dockerfile.h"

#include <doctest/doctest.h>

namespace ikada {
namespace {

TEST_CASE("a Dockerfile is ARGs and stages") {
  const auto file = parse_dockerfile(
      "ARG v=12\nFROM debian:$v AS build\nRUN make\n\nFROM scratch\nCOPY --from=build /a /a\n",
      "Dockerfile");

  REQUIRE(file.has_value());
  CHECK(file->arguments.size() == 1);
  REQUIRE(file->stages.size() == 2);
  CHECK(file->stages[0].from.name == "build");
  CHECK(file->stages[0].instructions.size() == 1);
  CHECK(file->stages[1].line == 5);
  CHECK(file->stages[1].instructions[0].text == "COPY --from=build /a /a");
}

TEST_CASE("mistakes name the file and the line") {
  const auto message = [](std::string_view text) {
    const auto file = parse_dockerfile(text, "app.Dockerfile");
    return file.has_value() ? "" : file.error().message;
  };

  CHECK(message("RUN x\nFROM a") == "app.Dockerfile:1: RUN: no build stage in current context");
  CHECK(message("FROM a\nFOO") == "app.Dockerfile:2: FOO: unknown instruction");
  CHECK(message("# nothing\n") == "app.Dockerfile: file with no instructions: no FROM");
  CHECK(message("FROM a\nRUN <<X\n") == "app.Dockerfile:2: RUN: unterminated heredoc X");
}

}  // namespace
}  // namespace ikada
