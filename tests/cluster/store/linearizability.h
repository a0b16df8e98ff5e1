// Whether one order of all operations on a key explains every answer, and keeps to real time: what
// ended before another began comes first.
//
// Values written are all different, so a compare on a revision is one on the value that was read
// with it. An operation whose outcome is unknown may have had its effect at any time after it
// began, or never.
//
// Source: Wing & Gong, "Testing and Verifying Concurrent Objects" (1993); Lowe, "Testing for
// Linearizability" (2017), for remembering where the search has been.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace ikada {

struct HistoryOperation {
  enum class Kind { kRead, kWrite, kCompareAndSet };

  Kind kind = Kind::kRead;
  std::string value;      // Read, or to be written; empty: no such key.
  std::string expected;   // Of compare-and-set.
  bool succeeded = true;  // Likewise.
  bool is_unknown = false;
  std::int64_t begin_ns = 0;
  std::int64_t end_ns = 0;
};

// Of one key that is not there at first.
bool is_linearizable(const std::vector<HistoryOperation>& operations);

// Of several keys; the name of the first that is not, or empty.
std::string first_not_linearizable(
    const std::map<std::string, std::vector<HistoryOperation>>& by_key);

}  // namespace ikada
