#include "cluster/engine/active_mark.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "runtime/sys/file.h"

namespace ikada {
namespace {

// Locks without waiting: false if another holds the lock.
Result<bool> try_lock(int fd, const std::string& path) {
  while (::flock(fd, LOCK_EX | LOCK_NB) != 0) {
    if (errno == EWOULDBLOCK) return false;
    if (errno != EINTR) return errno_error("lock {}", path);
  }
  return true;
}

// A mark can be removed between our open and our lock; the lock then names nothing.
bool is_linked(int fd) {
  struct stat status {};
  return ::fstat(fd, &status) == 0 && status.st_nlink > 0;
}

ActivePhase read_phase(int fd) {
  struct stat status {};
  if (::fstat(fd, &status) != 0) return ActivePhase::kNothing;
  for (const ActivePhase each :
       {ActivePhase::kStarted, ActivePhase::kCreating, ActivePhase::kStarting}) {
    if (status.st_size == static_cast<off_t>(each)) return each;
  }
  return ActivePhase::kNothing;
}

Result<void> write_phase(int fd, ActivePhase phase, const std::string& path) {
  if (::ftruncate(fd, static_cast<off_t>(phase)) != 0) return errno_error("truncate {}", path);
  return {};
}

}  // namespace

Result<ActiveMark> ActiveMark::acquire(const EngineLayout& layout,
                                       const std::string& id,
                                       int patience_ms) {
  const std::string path = layout.active_mark(id);
  constexpr int kPauseMs = 2;
  int waited_ms = 0;
  while (true) {
    IK_LET(fd, open_file(path, O_RDWR | O_CREAT, 0600));
    IK_LET(locked, try_lock(fd.get(), path));
    if (locked && is_linked(fd.get())) {
      const ActivePhase phase = read_phase(fd.get());
      return ActiveMark(std::move(fd), path, phase);
    }
    if (locked) continue;
    if (waited_ms >= patience_ms) break;
    ::usleep(kPauseMs * 1000);
    waited_ms += kPauseMs;
  }
  return make_error(
      ErrorKind::kConflict, "container {} is in use by another command", id.substr(0, 12));
}

Result<std::optional<ActiveMark>> ActiveMark::find_abandoned(const EngineLayout& layout,
                                                             const std::string& id) {
  const std::string path = layout.active_mark(id);
  Result<UniqueFd> fd = open_file(path, O_RDWR);
  if (!fd.has_value() && fd.error().kind == ErrorKind::kNotFound) return std::nullopt;
  if (!fd.has_value()) return std::move(fd.error());
  IK_LET(locked, try_lock(fd->get(), path));
  if (!locked || !is_linked(fd->get())) return std::nullopt;
  const ActivePhase phase = read_phase(fd->get());
  return ActiveMark(std::move(fd.value()), path, phase);
}

Result<void> ActiveMark::set_phase(ActivePhase phase) {
  IK_TRY(write_phase(fd_.get(), phase, path_));
  phase_ = phase;
  return {};
}

void ActiveMark::remove() {
  // Only the file that we hold: after a clean-up the name may belong to a new start.
  struct stat ours {};
  struct stat named {};
  if (::fstat(fd_.get(), &ours) == 0 && ::stat(path_.c_str(), &named) == 0 &&
      ours.st_ino == named.st_ino) {
    ::unlink(path_.c_str());
  }
  fd_.reset();
}

bool is_looked_after(const EngineLayout& layout, const std::string& id) {
  const UniqueFd fd(::open(layout.active_mark(id).c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd) return false;
  return ::flock(fd.get(), LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK;
}

void wait_until_unattended(const EngineLayout& layout, const std::string& id) {
  const UniqueFd fd(::open(layout.active_mark(id).c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd) return;
  while (::flock(fd.get(), LOCK_SH) != 0 && errno == EINTR) {
  }
}

void remove_active_mark(const EngineLayout& layout, const std::string& id) {
  ::unlink(layout.active_mark(id).c_str());
}

Result<void> condemn(const EngineLayout& layout, const std::string& id) {
  const std::string path = layout.active_mark(id);
  IK_LET(fd, open_file(path, O_WRONLY | O_CREAT, 0600));
  return write_phase(fd.get(), ActivePhase::kCreating, path);
}

Result<std::vector<std::string>> list_active(const EngineLayout& layout) {
  Result<std::vector<std::string>> ids = list_directory(layout.active());
  if (!ids.has_value() && ids.error().kind == ErrorKind::kNotFound) {
    return std::vector<std::string>{};
  }
  return ids;
}

}  // namespace ikada
