#include "cluster/logstore/event_append.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "runtime/monitor/log_writer.h"
#include "runtime/sys/file.h"

namespace ikada {
namespace {

constexpr std::uint64_t kMaxFileBytes = std::uint64_t{16} << 20;
constexpr std::uint32_t kMaxFiles = 4;

}  // namespace

Result<void> append_log_events(const EngineLayout& layout,
                               const LogStreamFacts& facts,
                               const std::vector<PutEvent>& events,
                               std::int64_t now_ms) {
  IK_LET(directory, prepare_log_stream(layout, facts));
  IK_LET(lock, lock_file(directory + "/lock"));
  const std::string path = directory + "/events";
  std::string text;
  for (const PutEvent& each : events) {
    const Json line = {{"t", each.time_ms}, {"i", now_ms}, {"m", each.message}};
    text += line.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
  }
  struct stat status {};
  const bool is_there = ::stat(path.c_str(), &status) == 0;
  const bool is_full =
      is_there && static_cast<std::uint64_t>(status.st_size) + text.size() > kMaxFileBytes;
  if (is_full) IK_TRY(rotate_log_files({.path = path, .max_files = kMaxFiles}));
  while (true) {
    IK_LET(fd, open_file(path, O_WRONLY | O_CREAT | O_APPEND, 0600));
    const off_t before = ::lseek(fd.get(), 0, SEEK_END);
    Result<void> written = write_all(fd.get(), text).context("write {}", path);
    if (written.has_value() && ::fdatasync(fd.get()) != 0) written = errno_error("sync {}", path);
    // All of them or none.
    if (!written.has_value() && (before < 0 || ::ftruncate(fd.get(), before) != 0)) {
      written.error().message += ", and some of the events may be there";
    }
    if (!written.has_value()) return written;
    if (::fstat(fd.get(), &status) != 0) return errno_error("stat {}", path);
    // log_room.h may have found it too old in the same moment.
    if (status.st_nlink > 0) return {};
  }
}

}  // namespace ikada
