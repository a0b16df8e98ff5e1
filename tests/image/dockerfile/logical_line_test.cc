#include "image/dockerfile/logical_line.h"

#include <doctest/doctest.h>

namespace ikada {
namespace {

// "NUMBER KEYWORD rest" and each here-document, one a line.
std::string describe(std::string_view text) {
  const Result<LogicalLines> lines = split_logical_lines(text);
  if (!lines.has_value()) return "error: " + lines.error().message;
  std::string result;
  for (const LogicalLine& line : lines->lines) {
    result += fmt::format("{} {} {}\n", line.number, line.keyword, line.rest);
    for (const Heredoc& each : line.heredocs) {
      result += fmt::format("  {}{}: {}", each.name, each.expands ? "" : " quoted", each.content);
    }
  }
  return result;
}

TEST_CASE("continued lines are joined, and comments between them are not there") {
  CHECK(describe("FROM a\nRUN one && \\\n  # why\n\n  two \\  \n  three\ncmd x\n") ==
        "1 FROM a\n2 RUN one &&   two   three\n7 CMD x\n");
}

TEST_CASE("a doubled escape character at the end of a line continues nothing") {
  CHECK(describe("RUN echo \\\\\nRUN b") == "1 RUN echo \\\\\n2 RUN b\n");
}

TEST_CASE("Windows line ends, a byte order mark and a missing last newline are taken") {
  CHECK(describe("\xEF\xBB\xBF"
                 "FROM a\r\nRUN b \\\r\n c\r\n") == "1 FROM a\n2 RUN b  c\n");
}

TEST_CASE("directives count only at the very top") {
  CHECK(describe("# syntax=docker/dockerfile:1\n# escape=`\nRUN a `\nb") == "3 RUN a b\n");
  CHECK(describe("# a comment\n# escape=`\nRUN a `\nRUN b") == "3 RUN a `\n4 RUN b\n");
  CHECK(describe("# escape=x\nRUN a") == "error: 1: invalid ESCAPE 'x': must be ` or \\");
  CHECK(describe("# escape=`\n# escape=`\nRUN a") ==
        "error: 2: only one escape parser directive can be used");
}

TEST_CASE("here-documents of RUN, COPY and ADD are taken along") {
  CHECK(describe("RUN <<EOF\na\n  b\nEOF\nRUN c") == "1 RUN <<EOF\n  EOF: a\n  b\n5 RUN c\n");
  CHECK(describe("COPY <<'A' <<-B /x/\n$a\nA\n\tb\n\tB\n") ==
        "1 COPY <<'A' <<-B /x/\n  A quoted: $a\n  B: b\n");
  CHECK(describe("RUN cat <<EOF > /f\nx\nEOF\n") == "1 RUN cat <<EOF > /f\n  EOF: x\n");
  CHECK(describe("ONBUILD RUN <<EOF\nx\nEOF") == "1 ONBUILD RUN <<EOF\n  EOF: x\n");
}

TEST_CASE("what only looks like a here-document is none") {
  CHECK(describe("RUN echo \"<<EOF\"\nRUN b") == "1 RUN echo \"<<EOF\"\n2 RUN b\n");
  CHECK(describe("ENV a=<<EOF\nRUN b") == "1 ENV a=<<EOF\n2 RUN b\n");
  CHECK(describe("RUN [\"a\", \"<<EOF\"]\nRUN b") == "1 RUN [\"a\", \"<<EOF\"]\n2 RUN b\n");
  CHECK(describe("RUN a <<< b\nRUN c") == "1 RUN a <<< b\n2 RUN c\n");
}

TEST_CASE("a here-document that does not end, and a NUL byte, are errors with their line") {
  CHECK(describe("FROM a\nRUN <<EOF\nx\n") == "error: 2: RUN: unterminated heredoc EOF");
  CHECK(describe(std::string_view("FROM a\nRUN \0", 12)) == "error: 2: a NUL byte");
}

}  // namespace
}  // namespace ikada
