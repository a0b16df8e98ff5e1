// The audit log of this host: STATE/audit/log, one JSON line (audit_record.h) for each call of the
// API and of the daemon's own control routes. Only ever appended to, 0600; `log` becomes `log.1`,
// and so on, when it is full.
//
// Each line has the digest of the one before, over the borders of files and starts of the daemon:
// a line that was taken out or altered shows (`ikada cluster audit --verify`). A line that a crash
// cut off is ended and stays.
//
// A thread writes. A line that must last is told when it is on the disk, together with all that
// came meanwhile. Space is reserved ahead: while none can be reserved, or writing fails,
// accepts_changes() is false, and what would change something is refused; what was under way still
// finds its line's place.
//
// All calls but the destructor's wait are quick; callbacks are on the loop's thread.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "cluster/http/audit_record.h"
#include "runtime/base/result.h"
#include "runtime/base/unique_fd.h"

namespace boost::asio {
class io_context;
}

namespace ikada {

struct AuditLogOptions {
  std::string directory = {};
  std::uint64_t max_file_bytes = std::uint64_t{64} << 20;
  unsigned max_files = 16;
  // False: without room changes are made all the same, and only the daemon's log tells of it.
  bool refuses_when_full = true;
  // Lines on their way to the disk until is_behind().
  size_t most_waiting = 10'000;
};

class AuditLog {
 public:
  using Written = std::function<void(const Result<void>&)>;

  // `loop` outlives it. Makes the directory; its first line says that the log was opened.
  static Result<std::unique_ptr<AuditLog>> open(boost::asio::io_context& loop,
                                                AuditLogOptions options);
  // Writes what waits.
  ~AuditLog();
  AuditLog(const AuditLog&) = delete;
  AuditLog& operator=(const AuditLog&) = delete;

  // Whether there is room for what changes come to.
  bool accepts_changes() const { return !options_.refuses_when_full || !is_full_.load(); }

  // Whether so many lines wait for the disk that whoever has one more is to wait for it, too: a
  // disk that hangs must not make them grow for ever.
  bool is_behind() const;

  // `then`, if there is one, is called when the line is on the disk, or cannot be.
  void write(AuditRecord record, Written then);

  // Of cluster.yaml, which is read later.
  void refuse_when_full(bool refuses) { options_.refuses_when_full = refuses; }

 private:
  struct Job {
    AuditRecord record;
    UnixNanos time = 0;
    Written then;
  };

  AuditLog(boost::asio::io_context& loop, AuditLogOptions options);

  std::string path() const { return options_.directory + "/log"; }
  Result<void> open_log();
  void cut_to_size();
  Result<void> finish_torn_line();
  void work();
  void carry_out(std::vector<Job>& jobs);
  Result<void> write_lines(const std::vector<Job>& jobs);
  Result<void> rotate_if_due();
  Result<void> reopen_if_moved();
  void reserve();
  AuditRecord own_record(const char* name) const;

  boost::asio::io_context& loop_;
  AuditLogOptions options_;
  UniqueFd file_;
  std::uint64_t size_ = 0;
  std::uint64_t reserved_ = 0;  // The file's place on the disk goes to here.
  std::string last_hash_;       // Of the last line; 64 zeros before the first.
  std::atomic<bool> is_full_ = false;
  std::chrono::steady_clock::time_point look_for_room_at_ = {};  // Not sooner while it is full.
  mutable std::mutex mutex_;
  std::condition_variable wake_;
  std::vector<Job> jobs_;
  bool is_stopping_ = false;
  std::thread thread_;
};

}  // namespace ikada
