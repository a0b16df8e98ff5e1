// A Dockerfile's text as the lines its instructions stand on: continued lines joined, comments left
// out, here-documents taken along.
//
//   # escape=`          directives, only at the very top: escape, syntax, check
//   RUN a \             one logical line "RUN a b", number 2
//     b
//   COPY <<EOF /x       here-documents of RUN, COPY and ADD, also behind ONBUILD
//   text
//   EOF
//
// Nothing is expanded here. Source: Dockerfile reference, "Format", "Parser directives",
// "Here-Documents".
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "runtime/base/result.h"

namespace ikada {

struct Heredoc {
  std::string name;     // The word that ends it: "EOF".
  std::string content;  // Lines as written, each with its newline; without tabs in front for <<-.
  bool expands = true;  // The word was not quoted, so that variables mean something in COPY.
};

struct LogicalLine {
  int number = 0;       // Of its first physical line, from 1.
  std::string keyword;  // In capitals: "RUN".
  std::string rest;     // What follows, trimmed; continued lines joined without their newlines.
  std::vector<Heredoc> heredocs;
};

struct LogicalLines {
  char escape = '\\';
  std::vector<LogicalLine> lines;
};

// kInvalid with "LINE: what is wrong" for a here-document that does not end, a wrong or repeated
// escape directive, a NUL byte, more than 1 MiB.
Result<LogicalLines> split_logical_lines(std::string_view text);

// The here-document that a word announces: "<<EOF", "3<<-'EOF'". `quoted` tells whether its name
// was in quotes.
struct HeredocMark {
  std::string name;
  bool strips_tabs = false;
  bool quoted = false;
};
bool parse_heredoc_mark(std::string_view word, HeredocMark& mark);

// The words of an instruction with quotes and escapes still in them; blanks inside quotes do not
// separate.
std::vector<std::string> split_raw_words(std::string_view text, char escape);

}  // namespace ikada
