// Takes part in an election by the store, on a thread of its own, until it is destroyed.
//
// Every transaction of a leader starts from LeaderTerm::begin(), whose compare fails once it leads
// no longer: then commit says succeeded = false. Between asking term() and the commit the term may
// end; that is what the compare is for.
#pragma once

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>

#include "cluster/store/leader_steps.h"

namespace ikada {

class LeaderElection {
 public:
  // `on_change` is called from the thread when we begin (true) or stop (false) to lead; it must
  // not wait, nor destroy the election. The store lives longer.
  LeaderElection(Store& store, LeaderOptions options, std::function<void(bool leads)> on_change);

  // Resigns: the next one leads at once if the store can be reached.
  ~LeaderElection();
  LeaderElection(const LeaderElection&) = delete;
  LeaderElection& operator=(const LeaderElection&) = delete;

  // The present term, or none if somebody else leads or it cannot be known. From any thread.
  std::optional<LeaderTerm> term() const;

  // The candidate that was last seen to lead, we or another; empty if there was none.
  std::string leader() const;

 private:
  void take_part();
  LeaderInput carry_out(const LeaderAction& action);
  LeaderInput wait(LeaderSteps::TimePoint until);
  void watch_key(LeaderSteps::TimePoint until);
  void tell_change();

  Store& store_;
  const LeaderOptions options_;
  const std::function<void(bool)> on_change_;

  mutable std::mutex mutex_;
  std::condition_variable stopping_;
  LeaderSteps steps_;
  bool is_stopping_ = false;
  Watch* watch_ = nullptr;  // The one that is waited for, to be cancelled.

  bool was_leading_ = false;  // The thread's.
  std::thread thread_;
};

}  // namespace ikada
