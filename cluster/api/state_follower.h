// What the store tells of the cluster's records, step by step: all of them once, then changes; all
// of them again when the history that the watch needs is no longer kept. Waits; has no thread.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>

#include "cluster/state/state.h"
#include "cluster/store/store.h"

namespace ikada {

class StateFollower {
 public:
  using OnError = std::function<void(const Error&)>;

  struct Pulled {
    std::optional<KeyEvents> events = {};
    std::optional<State> listed = {};  // In the place of all that was known.
    bool must_pause = false;           // The store is out of reach: not again at once.
  };

  // `store` outlives it. A record that cannot be read is told to `on_error` and left out.
  StateFollower(Store& store, OnError on_error) : store_(store), on_error_(std::move(on_error)) {}

  // Everything as it is now.
  Result<State> list();

  // Waits for changes after what was told; without a list before, it begins with one.
  Pulled pull(std::chrono::milliseconds timeout);

 private:
  Store& store_;
  OnError on_error_;
  bool is_listed_ = false;
  Revision after_ = 0;  // What was told already.
  std::unique_ptr<Watch> watch_;
};

}  // namespace ikada
