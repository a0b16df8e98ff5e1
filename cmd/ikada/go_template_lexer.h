// The words of a template: text outside the braces, and the tokens inside.
//
// Source: Go, package text/template, "Text and spaces"; The Go Programming Language Specification,
// "String literals".
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "runtime/base/json.h"
#include "runtime/base/result.h"

namespace ikada {

struct Token {
  enum class Kind {
    kText,      // Outside braces, already trimmed.
    kOpen,      // {{
    kClose,     // }}
    kDot,       // . alone
    kField,     // .Name; text is "Name".
    kVariable,  // $ or $name
    kWord,      // Function or keyword.
    kLiteral,   // String, number, true, false, nil.
    kSymbol,    // ( ) | , = :=
    kEnd,       // After the last.
  };
  Kind kind = Kind::kEnd;
  std::string text;
  Json literal;
  size_t offset = 0;
  bool touches_previous = false;  // No space in front.
};

// kInvalid: "template parsing error: at character 7: …"; the first character has offset 0.
Error template_syntax_error(size_t offset, std::string_view what);

// Always ends with kEnd. kInvalid: "template parsing error: at character 7: …".
Result<std::vector<Token>> read_template_tokens(std::string_view text);

}  // namespace ikada
