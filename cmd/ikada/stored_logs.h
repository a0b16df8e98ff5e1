// What the cluster's log store holds of a task: for tasks whose containers have gone.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "cmd/ikada/context.h"
#include "runtime/base/result.h"

namespace ikada {

struct StoredLogWish {
  std::string task = {};       // Its id, or the beginning of it.
  std::string container = {};  // Empty: all.
  std::string since = {};      // As `ikada logs` takes them.
  std::string until = {};
  std::string tail = {};
  bool timestamps = false;
};

// How many lines from the end; nothing for all of them: "all", or as docker a negative number.
Result<std::optional<std::uint64_t>> parse_tail(const std::string& tail);

// Prints it. False if there is nothing; kInvalid if several tasks are meant. Hosts that cannot be
// reached are named on stderr.
Result<bool> print_stored_logs(const Context& context, const StoredLogWish& wish);

}  // namespace ikada
