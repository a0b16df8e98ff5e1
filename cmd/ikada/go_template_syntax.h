// The syntax tree of a template, and how text becomes one.
//
// Source: Go, package text/template, "Actions" and "Pipelines".
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/base/json.h"
#include "runtime/base/result.h"

namespace ikada {

struct Pipeline;

struct Operand {
  enum class Kind { kDot, kVariable, kLiteral, kFunction, kPipeline };
  Kind kind = Kind::kDot;
  std::string name;               // Of a variable ("$", "$x") or function.
  std::vector<std::string> path;  // Fields behind it: .A.B.
  Json literal;
  std::unique_ptr<Pipeline> pipeline;
};

// A function or field with its arguments, or one operand alone.
struct Call {
  std::vector<Operand> operands;
  size_t offset = 0;  // In the template's text, for messages.
};

struct Pipeline {
  std::vector<std::string> variables;  // {{$a, $b := …}}
  bool declares = false;               // := and not =.
  std::vector<Call> calls;  // Each is given the value of the one before as last argument.
};

struct Node {
  enum class Kind { kText, kAction, kIf, kRange, kWith, kBreak, kContinue };
  Kind kind = Kind::kText;
  std::string text = {};
  Pipeline pipeline = {};
  std::vector<Node> body = {};
  std::vector<Node> otherwise = {};
};

// kInvalid: "template parsing error: at character 7: …".
Result<std::vector<Node>> parse_template(std::string_view text);

}  // namespace ikada
