#include "cluster/engine/log_reader.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "cluster/engine/log_tail.h"
#include "runtime/sys/file.h"

namespace ikada {
namespace {

constexpr int kCheckIntervalMs = 1000;

Result<UniqueFd> watch_directory_of(const std::string& path) {
  UniqueFd fd(::inotify_init1(IN_CLOEXEC | IN_NONBLOCK));
  if (!fd) return errno_error("inotify_init1");
  const std::string directory = path.substr(0, path.rfind('/') + 1);
  constexpr std::uint32_t kEvents =
      IN_MODIFY | IN_CREATE | IN_MOVED_TO | IN_DELETE | IN_DELETE_SELF;
  if (::inotify_add_watch(fd.get(), directory.c_str(), kEvents) < 0) {
    return errno_error("watch {}", directory);
  }
  return fd;
}

// What happened is of no interest, only that something did.
void wait_for_change(int inotify_fd) {
  pollfd polled{.fd = inotify_fd, .events = POLLIN, .revents = 0};
  ::poll(&polled, 1, kCheckIntervalMs);
  std::array<char, 4096> events;
  while (::read(inotify_fd, events.data(), events.size()) > 0) {
  }
}

}  // namespace

// From the newest to the oldest: a rotation meanwhile makes a file appear twice, but never skips
// one.
Result<std::vector<LogReader::File>> LogReader::open_newer_than(ino_t last) const {
  std::vector<File> newest_first;
  for (unsigned age = 0;; ++age) {
    const std::string name = age == 0 ? path_ : fmt::format("{}.{}", path_, age);
    Result<UniqueFd> fd = open_file(name, O_RDONLY);
    if (!fd.has_value()) {
      if (fd.error().errno_value != ENOENT) return std::move(fd.error());
      // Between a rotation's two steps there is no current file.
      if (age == 0) continue;
      break;
    }
    struct stat status {};
    if (::fstat(fd->get(), &status) != 0) return errno_error("stat {}", name);
    if (last != 0 && status.st_ino == last) break;
    if (!newest_first.empty() && newest_first.back().inode == status.st_ino) continue;
    newest_first.push_back({.fd = std::move(*fd), .inode = status.st_ino});
  }
  std::reverse(newest_first.begin(), newest_first.end());
  return newest_first;
}

// The lines from file.offset on that are complete; false if the sink wants no more.
Result<bool> LogReader::read_file(File& file, const LogQuery& query, const LogSink& sink) {
  static std::array<char, size_t{64} << 10> buffer;
  size_t kept = 0;
  for (;;) {
    const ssize_t got = ::pread(file.fd.get(),
                                buffer.data() + kept,
                                buffer.size() - kept,
                                file.offset + static_cast<off_t>(kept));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return errno_error("read {}", path_);
    if (got == 0) return true;
    std::string_view rest(buffer.data(), kept + static_cast<size_t>(got));
    for (size_t end = rest.find('\n'); end != std::string_view::npos; end = rest.find('\n')) {
      const std::optional<LogLine> line = parse_log_line(rest.substr(0, end));
      rest.remove_prefix(end + 1);
      file.offset += static_cast<off_t>(end + 1);
      if (!line.has_value()) continue;  // Cut by a full disk.
      if (query.since.has_value() && line->time < *query.since) continue;
      if (query.until.has_value() && line->time >= *query.until) return false;
      if (!sink.take(*line)) return false;
    }
    // A record is at most 16 KiB and its head, so a full buffer without a newline is no log.
    if (rest.size() == buffer.size()) {
      file.offset += static_cast<off_t>(rest.size());
      rest = {};
    }
    std::copy(rest.begin(), rest.end(), buffer.begin());
    kept = rest.size();
  }
}

Result<bool> LogReader::read_all(const LogQuery& query, const LogSink& sink) {
  for (;;) {
    for (File& file : files_) {
      IK_LET(more, read_file(file, query, sink));
      if (!more) return false;
    }
    const ino_t last = files_.empty() ? 0 : files_.back().inode;
    IK_LET(newer, open_newer_than(last));
    if (newer.empty()) return true;
    // What was written between our reading to its end and its rotation.
    if (!files_.empty()) {
      IK_LET(more, read_file(files_.back(), query, sink));
      if (!more) return false;
    }
    files_ = std::move(newer);
  }
}

Result<void> LogReader::read(const LogQuery& query,
                             const LogSink& sink,
                             const std::function<bool()>& has_ended) {
  UniqueFd changes;
  if (query.follow) {
    IK_LET(watched, watch_directory_of(path_));
    changes = std::move(watched);
  }
  IK_LET(files, open_newer_than(0));
  files_ = std::move(files);
  if (query.tail.has_value()) {
    std::uint64_t wanted = *query.tail;
    for (auto file = files_.rbegin(); file != files_.rend(); ++file) {
      struct stat status {};
      if (::fstat(file->fd.get(), &status) != 0) return errno_error("stat {}", path_);
      IK_LET(tail, find_log_tail(file->fd.get(), status.st_size, wanted));
      file->offset = tail.offset;
      wanted -= tail.lines;
    }
  }
  for (;;) {
    const bool ended = !query.follow || has_ended();
    IK_LET(more, read_all(query, sink));
    sink.pause();
    if (ended || !more) return {};
    wait_for_change(changes.get());
  }
}

}  // namespace ikada
