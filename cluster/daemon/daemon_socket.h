// The daemon's unix socket, and the lock that makes the daemon the only one on its directory.
//
// The lock (RUN/ikadad.lock) decides who serves; a socket left by a killed daemon is therefore
// known to be stale and replaced. The lock file itself stays: removing it would race with the next
// daemon.
//
// Source: unix(7), flock(2).
#pragma once

#include <string>

#include "runtime/base/result.h"
#include "runtime/base/unique_fd.h"

namespace ikada {

class DaemonSocket {
 public:
  // Creates `run_root` (0700) if need be and RUN/ikadad.sock (0600), listening. kConflict if
  // another daemon still runs after a second, or if something that is no socket has the name.
  static Result<DaemonSocket> create(const std::string& run_root);

  DaemonSocket(DaemonSocket&&) noexcept = default;
  DaemonSocket& operator=(DaemonSocket&&) = delete;

  // Removes the socket; nobody can connect from then on.
  ~DaemonSocket();

  const std::string& path() const { return path_; }

  // The listening descriptor; the caller closes it.
  UniqueFd take_listener() { return std::move(listener_); }

 private:
  DaemonSocket(UniqueFd lock, UniqueFd listener, std::string path)
      : lock_(std::move(lock)), listener_(std::move(listener)), path_(std::move(path)) {}

  UniqueFd lock_;
  UniqueFd listener_;
  std::string path_;
};

}  // namespace ikada
