#include "image/dockerfile/dockerfile.h"

namespace ikada {
namespace {

Error at(const std::string& name, Error error) {
  error.message = name + ":" + error.message;
  return error;
}

Error at(const std::string& name, int line, std::string_view what) {
  return at(name, make_error(ErrorKind::kInvalid, "{}: {}", line, what));
}

}  // namespace

Result<Dockerfile> parse_dockerfile(std::string_view text, const std::string& name) {
  Result<LogicalLines> lines = split_logical_lines(text);
  if (!lines.has_value()) return at(name, lines.error());
  Dockerfile file{.name = name, .escape = lines->escape, .arguments = {}, .stages = {}};
  for (const LogicalLine& line : lines->lines) {
    Result<Instruction> parsed = parse_instruction(line, lines->escape);
    if (!parsed.has_value()) return at(name, parsed.error());
    if (auto* from = std::get_if<FromInstruction>(&parsed->body); from != nullptr) {
      file.stages.push_back({.from = std::move(*from),
                             .line = parsed->line,
                             .text = std::move(parsed->text),
                             .instructions = {}});
      continue;
    }
    if (!file.stages.empty()) {
      file.stages.back().instructions.push_back(std::move(*parsed));
      continue;
    }
    if (!std::holds_alternative<ArgInstruction>(parsed->body)) {
      return at(name, line.number, line.keyword + ": no build stage in current context");
    }
    file.arguments.push_back(std::move(*parsed));
  }
  if (file.stages.empty()) {
    return make_error(ErrorKind::kInvalid, "{}: file with no instructions: no FROM", name);
  }
  return file;
}

}  // namespace ikada
