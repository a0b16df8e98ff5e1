// Command lines as docker's users write them, made ready for CLI11.
//
// CLI11 takes "--entrypoint=" as an option without a value, and takes an unknown option in front of
// the image for the image. Both are settled here, on the words before the first positional one.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "runtime/base/result.h"

namespace CLI {
class App;
}

namespace ikada {

// The words after the command's name, with "--x=" as two words. kInvalid in docker's words
// ("unknown flag: --x") for an option that `command` does not have.
Result<std::vector<std::string>> prepare_arguments(const CLI::App& command,
                                                   std::span<const std::string> words);

}  // namespace ikada
