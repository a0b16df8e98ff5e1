// Undoes what was made when a function fails half-way: the actions run in reverse order unless
// commit() was called.
//
// For things that outlive us (cgroup, mount, veth, directory). An undo action returns Result<void>;
// its failure is not reported, because the first error is the one that matters and every verb
// cleans up after its predecessors.
#pragma once

#include <functional>
#include <utility>
#include <vector>

#include "runtime/base/result.h"

namespace ikada {

class Rollback {
 public:
  Rollback() = default;
  Rollback(const Rollback&) = delete;
  Rollback& operator=(const Rollback&) = delete;
  ~Rollback() {
    for (auto action = actions_.rbegin(); action != actions_.rend(); ++action) {
      static_cast<void>((*action)().has_value());
    }
  }

  void add(std::function<Result<void>()> action) { actions_.push_back(std::move(action)); }

  // Keeps everything.
  void commit() { actions_.clear(); }

 private:
  std::vector<std::function<Result<void>()>> actions_;
};

}  // namespace ikada
