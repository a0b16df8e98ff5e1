// Checks passwords without paying for bcrypt at every request: what was right a moment ago is
// remembered as a keyed hash for a short time.
//
// Thread-safe.
#pragma once

#include <atomic>
#include <chrono>
#include <map>
#include <mutex>
#include <string>

#include "image/registry/authorization.h"
#include "image/registry/blocking_pool.h"
#include "image/registry/client_socket.h"
#include "image/registry/password_file.h"
#include "runtime/base/result.h"

namespace ikada::registry {

class PasswordCheck {
 public:
  PasswordCheck();

  // Waits in the coroutine. UNAUTHORIZED for a wrong user or password; TOOMANYREQUESTS while very
  // many are being checked.
  Result<void> check(const PasswordFile& file, const BasicAuthorization& given, const Yield& yield);

  void join() { pool_.join(); }

 private:
  using Clock = std::chrono::steady_clock;

  bool is_remembered(const std::string& key);
  void remember(const std::string& key);

  std::string secret_;  // Of this process; what is remembered is worth nothing without it.
  BlockingPool pool_;
  std::atomic<size_t> running_ = 0;
  std::mutex mutex_;
  std::map<std::string, Clock::time_point> known_;  // Until when. Guarded by mutex_.
};

}  // namespace ikada::registry
