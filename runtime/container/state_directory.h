// STATE_ROOT/ID: a container's record and the socket on which it waits for `start`, under a lock.
//
// The lock is an flock(2) on the directory, so it goes with the process that holds it, and a
// directory without a holder and without a finished record is a leftover.
//
// Files: state.json (ContainerState), start.sock (there as long as the container is created).
#pragma once

#include <string>
#include <string_view>

#include "runtime/base/json.h"
#include "runtime/base/result.h"
#include "runtime/base/unique_fd.h"
#include "runtime/container/state.h"

namespace ikada {

// Letters, digits and _ + - . with a letter or digit in front; at most 1024 of them.
Result<void> check_container_id(std::string_view id);

class StateDirectory {
 public:
  // Makes the directory and locks it. kConflict if a container has the id; a leftover of a killed
  // command is cleaned up and taken over.
  static Result<StateDirectory> create(const std::string& state_root, const std::string& id);

  // Locks one that exists, waiting for other commands. kNotFound "container ID does not exist".
  static Result<StateDirectory> open(const std::string& state_root, const std::string& id);

  StateDirectory(StateDirectory&& other) noexcept = default;
  StateDirectory& operator=(StateDirectory&&) = delete;
  // Unlocks, and does not only close: the first process has inherited the descriptor.
  ~StateDirectory();

  const std::string& path() const { return path_; }
  std::string start_socket() const { return path_ + "/start.sock"; }

  Result<void> save(const ContainerState& state) const;
  // kNotFound if the container was never recorded.
  Result<ContainerState> load() const;
  Result<void> remove() const;

 private:
  StateDirectory(std::string path, std::string id, UniqueFd lock)
      : path_(std::move(path)), id_(std::move(id)), lock_(std::move(lock)) {}

  std::string path_;
  std::string id_;
  UniqueFd lock_;
};

}  // namespace ikada
