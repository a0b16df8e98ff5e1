// How the rest of an instruction's line is cut: flags, JSON arrays, assignments.
//
// Source: Dockerfile reference; the forms of each instruction.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "image/dockerfile/instruction.h"
#include "runtime/base/result.h"

namespace ikada {

struct InstructionFlags {
  // In the order written; a flag without '=' has no value.
  std::vector<std::pair<std::string, std::optional<std::string>>> flags;
  std::string rest;
};

// Takes the --name[=value] words off the front.
InstructionFlags take_flags(std::string_view text, char escape);

// ["a", "b"]; nullopt if the text is no JSON array of strings.
std::optional<std::vector<std::string>> parse_json_words(std::string_view text);

// A JSON array, or else the text for a shell.
CommandLine parse_command_line(std::string_view text);

// "a=1 b='x y'" or the older "a the rest". kInvalid.
Result<RawAssignments> parse_assignments(std::string_view text, char escape);

}  // namespace ikada
