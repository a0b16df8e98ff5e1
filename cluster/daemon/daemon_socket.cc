#include "cluster/daemon/daemon_socket.h"

#include <errno.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "runtime/sys/file.h"
#include "runtime/sys/owner_lock.h"
#include "runtime/sys/unix_socket.h"

namespace ikada {
namespace {

Result<UniqueFd> lock_directory(const std::string& run_root, const std::string& socket_path) {
  Result<UniqueFd> lock = lock_as_owner(run_root + "/ikadad.lock");
  if (!lock.has_value() && lock.error().kind == ErrorKind::kConflict) {
    return make_error(ErrorKind::kConflict, "another ikadad serves {}", socket_path);
  }
  return lock;
}

// A socket without a daemon is a leftover, which listen_unix() replaces; anything else is not ours.
Result<void> check_nothing_else_is_there(const std::string& path) {
  struct stat status {};
  if (::lstat(path.c_str(), &status) != 0) {
    if (errno == ENOENT) return {};
    return errno_error("stat {}", path);
  }
  if (S_ISSOCK(status.st_mode)) return {};
  return make_error(ErrorKind::kConflict, "{} is in the way: it is no socket", path);
}

}  // namespace

Result<DaemonSocket> DaemonSocket::create(const std::string& run_root) {
  IK_TRY(make_directories(run_root, 0700));
  std::string path = run_root + "/ikadad.sock";
  IK_LET(lock, lock_directory(run_root, path));
  IK_TRY(check_nothing_else_is_there(path));
  IK_LET(listener, listen_unix(path, SOCK_STREAM));
  return DaemonSocket(std::move(lock), std::move(listener), std::move(path));
}

DaemonSocket::~DaemonSocket() {
  // Without the lock this object was moved from, or the name belongs to somebody else.
  if (lock_) ::unlink(path_.c_str());
}

}  // namespace ikada
