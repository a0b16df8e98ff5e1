#include "cluster/daemon/leftovers.h"

#include <unistd.h>

#include <utility>

#include <spdlog/spdlog.h>

#include "runtime/base/atomic_file.h"
#include "runtime/sys/file.h"

namespace ikada {
namespace {

// Of files that are replaced, and of a store that is made from a backup.
bool is_temporary(std::string_view name) {
  constexpr std::string_view kHalfStore = "store.db.";
  const bool is_half_store = name.starts_with(kHalfStore) && name != "store.db.lock";
  return name.ends_with(".tmp") || is_half_store;
}

void remove_temporaries_in(const std::string& directory, std::string_view prefix) {
  const Result<std::vector<std::string>> names = list_directory(directory);
  if (!names.has_value()) return;  // Nothing was ever there.
  for (const std::string& name : *names) {
    if (!name.starts_with(prefix) || !is_temporary(name)) continue;
    const std::string path = fmt::format("{}/{}", directory, name);
    if (::unlink(path.c_str()) != 0) spdlog::warn("{}", errno_error("remove {}", path).message);
  }
}

}  // namespace

void remove_temporaries(const std::string& state_root) {
  remove_temporaries_in(state_root, "node.json.");
  remove_temporaries_in(state_root + "/cluster", "");
  remove_temporaries_in(state_root + "/cluster/etcd", "");
  remove_temporaries_in(state_root + "/agent", "");
}

ClusterNote::ClusterNote(std::string path) : path_(std::move(path)) {}

ClusterNote ClusterNote::remove_all(const std::string& directory) {
  return ClusterNote(directory + "/remove-all");
}

ClusterNote ClusterNote::forget_managers(const std::string& directory) {
  return ClusterNote(directory + "/forget-managers");
}

bool ClusterNote::is_there() const { return ::access(path_.c_str(), F_OK) == 0; }

void ClusterNote::write() const {
  const Result<void> written = write_file_atomically(path_, "", 0600);
  if (!written.has_value()) spdlog::warn("{}", written.error().message);
}

void ClusterNote::remove() const { static_cast<void>(::unlink(path_.c_str())); }

}  // namespace ikada
