#include "runtime/monitor/log_writer.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "runtime/sys/file.h"

namespace ikada {
namespace {

constexpr size_t kMaxPending = size_t{32} << 10;

}  // namespace

Result<LogWriter> LogWriter::open(LogFiles files, std::function<void(std::string_view)> warn) {
  LogWriter writer(std::move(files), std::move(warn));
  if (!writer.files_.path.empty()) IK_TRY(writer.open_current());
  return writer;
}

Result<void> LogWriter::open_current() {
  IK_LET(fd, open_file(files_.path, O_WRONLY | O_CREAT | O_APPEND, 0600));
  struct stat status {};
  if (::fstat(fd.get(), &status) != 0) return errno_error("stat {}", files_.path);
  fd_ = std::move(fd);
  size_ = static_cast<std::uint64_t>(status.st_size);
  return {};
}

void LogWriter::append(const LogLine& line) {
  if (!fd_) return;
  const size_t before = pending_.size();
  if (line.time != last_time_ || last_time_text_.empty()) {
    last_time_ = line.time;
    last_time_text_ = format_rfc3339(line.time);
  }
  append_log_line(pending_, last_time_text_, line);
  const std::uint64_t total = size_ + pending_.size();
  if (files_.max_bytes != 0 && total > files_.max_bytes && size_ + before > 0) {
    const std::string last = pending_.substr(before);
    pending_.resize(before);
    flush();
    const Result<void> rotated = cut_line_.empty() ? rotate() : Result<void>();
    if (!rotated.has_value() && !rotation_failed_) {
      warn_(fmt::format("rotate log: {}, writing on to the same file", rotated.error().message));
    }
    rotation_failed_ = !rotated.has_value();
    pending_ = last;
  }
  if (pending_.size() >= kMaxPending) flush();
}

Result<void> rotate_log_files(const LogFiles& files) {
  for (std::uint32_t age = files.max_files - 1; age > 1; --age) {
    const std::string from = fmt::format("{}.{}", files.path, age - 1);
    const std::string to = fmt::format("{}.{}", files.path, age);
    if (::rename(from.c_str(), to.c_str()) != 0 && errno != ENOENT) {
      return errno_error("rename {}", from);
    }
  }
  if (files.max_files > 1) {
    const std::string newest = files.path + ".1";
    if (::rename(files.path.c_str(), newest.c_str()) != 0 && errno != ENOENT) {
      return errno_error("rename {}", files.path);
    }
  } else if (::unlink(files.path.c_str()) != 0 && errno != ENOENT) {
    return errno_error("remove {}", files.path);
  }
  return {};
}

Result<void> LogWriter::rotate() {
  IK_TRY(rotate_log_files(files_));
  return open_current();
}

// How many of the bytes are in the file.
size_t LogWriter::write_some(std::string_view bytes) {
  size_t done = 0;
  while (done < bytes.size()) {
    const ssize_t written = ::write(fd_.get(), bytes.data() + done, bytes.size() - done);
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) {
      const int error = errno;
      if (!failing_) {
        warn_(fmt::format("write {}: {}, ignoring", files_.path, errno_text(error)));
      }
      failing_ = true;
      break;
    }
    done += static_cast<size_t>(written);
  }
  size_ += done;
  return done;
}

void LogWriter::give_up(std::string_view rest) {
  lost_lines_ += static_cast<std::uint64_t>(std::count(rest.begin(), rest.end(), '\n'));
}

void LogWriter::flush() {
  if (!fd_) return;
  if (!cut_line_.empty()) {
    cut_line_.erase(0, write_some(cut_line_));
    if (!cut_line_.empty()) {
      give_up(pending_);
      pending_.clear();
      return;
    }
  }
  if (pending_.empty()) return;
  const size_t done = write_some(pending_);
  if (done == pending_.size()) {
    if (failing_)
      warn_(fmt::format("write {} works again, {} lines lost", files_.path, lost_lines_));
    failing_ = false;
  } else {
    std::string_view rest = std::string_view(pending_).substr(done);
    if (done > 0 && pending_[done - 1] != '\n') {
      const size_t line_end = rest.find('\n') + 1;
      cut_line_ = rest.substr(0, line_end);
      rest.remove_prefix(line_end);
    }
    give_up(rest);
  }
  pending_.clear();
}

}  // namespace ikada
