// The options that create and run have in common.
#pragma once

#include <string>
#include <vector>

#include "cmd/ikada-runtime/arguments.h"
#include "cmd/ikada-runtime/commands.h"
#include "runtime/container/create.h"

namespace ikada {

struct CreateArguments {
  std::string bundle = ".";
  std::string console_socket;
  std::string pid_file;
  std::string preserve_fds = "0";
  bool no_pivot = false;
  bool no_new_keyring = false;
  bool detach = false;
  bool keep = false;

  std::vector<Option> table();
  Result<CreateOptions> options(const RuntimeContext& context, const std::string& id) const;
};

// "--preserve-fds N".
Result<int> parse_preserve_fds(const std::string& text);

}  // namespace ikada
