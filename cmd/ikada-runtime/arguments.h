// The command line, by a table: a few comparisons, no library, nothing initialised at start.
//
// Source: the command line of runc(8), which engines write.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/base/result.h"

namespace ikada {

// One option of a command. Exactly one of the targets is set.
struct Option {
  std::string_view name;    // "--bundle"
  std::string_view letter;  // "-b", or empty.
  bool* flag = nullptr;
  std::string* value = nullptr;
  std::vector<std::string>* values = nullptr;  // May be given several times.
};

// Reads options up to the first argument that is none, or "--", or to the end; returns what is
// left. kInvalid for unknown options and missing values. "--name=value" and "-n value" both work.
Result<std::span<char* const>> parse_options(std::span<char* const> words,
                                             std::span<const Option> options);

// The same, but options may also stand behind arguments; returns the arguments.
Result<std::vector<std::string>> parse_all(std::span<char* const> words,
                                           std::span<const Option> options);

}  // namespace ikada
