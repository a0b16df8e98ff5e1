#include "cluster/http/audit_log.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include <utility>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <spdlog/spdlog.h>

#include "cluster/api/reply.h"
#include "cluster/auth/digest.h"
#include "runtime/base/atomic_file.h"
#include "runtime/base/random_id.h"
#include "runtime/sys/file.h"

namespace ikada {
namespace {

constexpr size_t kHashDigits = 64;
// Room for the lines of all connections that may be under way.
constexpr std::uint64_t kReserve = std::uint64_t{512} << 10;
constexpr std::uint64_t kReserveStep = std::uint64_t{1} << 20;
constexpr std::chrono::seconds kLookForRoom{1};

Result<struct stat> status_of(int fd) {
  struct stat status {};
  if (::fstat(fd, &status) != 0) return errno_error("stat the audit log");
  return status;
}

// The last line of the file, whether it has ended or not; at most what a line may have.
Result<std::string> read_last_bytes(int fd, std::uint64_t size) {
  const std::uint64_t count = std::min<std::uint64_t>(size, 2 * kMaxAuditLine);
  std::string bytes(count, '\0');
  const ssize_t got = ::pread(fd, bytes.data(), count, static_cast<off_t>(size - count));
  if (got < 0 || static_cast<std::uint64_t>(got) != count) {
    return errno_error("read the audit log");
  }
  return bytes;
}

std::string hash_of_last_line(std::string_view bytes) {
  if (bytes.empty()) return std::string(kHashDigits, '0');
  bytes.remove_suffix(1);
  const size_t before = bytes.rfind('\n');
  return auth::sha256_hex(before == std::string_view::npos ? bytes : bytes.substr(before + 1));
}

}  // namespace

AuditLog::AuditLog(boost::asio::io_context& loop, AuditLogOptions options)
    : loop_(loop), options_(std::move(options)), last_hash_(kHashDigits, '0') {}

Result<std::unique_ptr<AuditLog>> AuditLog::open(boost::asio::io_context& loop,
                                                 AuditLogOptions options) {
  IK_TRY(make_directories(options.directory, 0700));
  std::unique_ptr<AuditLog> log(new AuditLog(loop, std::move(options)));
  IK_TRY(log->open_log());
  if (log->size_ == 0) {
    // A start between a rotation and the first line behind it.
    const Result<UniqueFd> older = open_file(log->path() + ".1", O_RDONLY);
    if (older.has_value()) {
      IK_LET(status, status_of(older->get()));
      IK_LET(bytes, read_last_bytes(older->get(), static_cast<std::uint64_t>(status.st_size)));
      log->last_hash_ = hash_of_last_line(bytes);
    }
  } else {
    IK_TRY(log->finish_torn_line());
  }
  log->reserve();
  log->thread_ = std::thread([own = log.get()] { own->work(); });
  log->write(log->own_record("AuditLogOpened"), nullptr);
  return log;
}

AuditLog::~AuditLog() {
  if (!thread_.joinable()) return;
  write(own_record("AuditLogClosed"), nullptr);
  {
    const std::lock_guard lock(mutex_);
    is_stopping_ = true;
  }
  wake_.notify_one();
  thread_.join();
  // Gives back what was reserved.
  if (file_) cut_to_size();
}

// Half a line must not stand before the next, nor a reservation behind the last.
void AuditLog::cut_to_size() {
  if (::ftruncate(file_.get(), static_cast<off_t>(size_)) == 0) return;
  spdlog::warn("audit log: truncate {}: {}, ignoring", path(), errno_text(errno));
}

AuditRecord AuditLog::own_record(const char* name) const {
  AuditRecord record;
  record.source = "ikadad";
  record.name = name;
  record.uid = ::getuid();
  record.parameters = {{"version", IKADA_VERSION}};
  return record;
}

Result<void> AuditLog::open_log() {
  IK_LET(file, open_file(path(), O_RDWR | O_CREAT | O_APPEND, 0600));
  IK_TRY(sync_directory(options_.directory));
  IK_LET(status, status_of(file.get()));
  if (!S_ISREG(status.st_mode)) return make_error(ErrorKind::kInvalid, "{}: no file", path());
  file_ = std::move(file);
  size_ = static_cast<std::uint64_t>(status.st_size);
  reserved_ = 0;
  return {};
}

Result<void> AuditLog::finish_torn_line() {
  IK_LET(bytes, read_last_bytes(file_.get(), size_));
  if (bytes.back() != '\n') {
    IK_TRY(write_all(file_.get(), "\n").context("{}", path()));
    ++size_;
    bytes += '\n';
  }
  last_hash_ = hash_of_last_line(bytes);
  return {};
}

bool AuditLog::is_behind() const {
  const std::lock_guard lock(mutex_);
  return jobs_.size() >= options_.most_waiting;
}

void AuditLog::write(AuditRecord record, Written then) {
  {
    const std::lock_guard lock(mutex_);
    jobs_.push_back({.record = std::move(record), .time = unix_now(), .then = std::move(then)});
  }
  wake_.notify_one();
}

void AuditLog::work() {
  std::unique_lock lock(mutex_);
  while (true) {
    const auto has_work = [this] { return is_stopping_ || !jobs_.empty(); };
    if (is_full_.load()) {
      wake_.wait_for(lock, kLookForRoom, has_work);
    } else {
      wake_.wait(lock, has_work);
    }
    std::vector<Job> jobs = std::exchange(jobs_, {});
    const bool is_last = is_stopping_;
    lock.unlock();
    carry_out(jobs);
    lock.lock();
    if (is_last && jobs_.empty()) return;
  }
}

void AuditLog::carry_out(std::vector<Job>& jobs) {
  Result<void> written = jobs.empty() ? Result<void>() : write_lines(jobs);
  if (written.has_value()) {
    reserve();
  } else {
    if (!is_full_.exchange(true)) spdlog::error("audit log: {}", written.error().message);
  }
  for (Job& job : jobs) {
    if (!job.then) continue;
    boost::asio::post(loop_, [then = std::move(job.then), written] { then(written); });
  }
}

Result<void> AuditLog::write_lines(const std::vector<Job>& jobs) {
  IK_TRY(reopen_if_moved());
  IK_TRY(rotate_if_due());
  std::string text;
  std::string hash = last_hash_;
  bool must_last = false;
  for (const Job& job : jobs) {
    const std::string line =
        audit_line(job.record, job.time, format_request_id(random_hex(16)), hash);
    hash = auth::sha256_hex(line);
    text += line;
    text += '\n';
    must_last = must_last || job.then;
  }
  Result<void> written = write_all(file_.get(), text).context("{}", path());
  if (!written.has_value()) {
    cut_to_size();
    return written;
  }
  size_ += text.size();
  last_hash_ = std::move(hash);
  if (must_last && ::fdatasync(file_.get()) != 0) return errno_error("fdatasync {}", path());
  return {};
}

Result<void> AuditLog::reopen_if_moved() {
  struct stat there {};
  IK_LET(ours, status_of(file_.get()));
  const bool is_there = ::stat(path().c_str(), &there) == 0 && there.st_ino == ours.st_ino &&
                        there.st_dev == ours.st_dev;
  if (is_there) return {};
  spdlog::error("audit log: {} was moved or removed: begun anew", path());
  return open_log();
}

Result<void> AuditLog::rotate_if_due() {
  if (size_ < options_.max_file_bytes) return {};
  cut_to_size();
  if (::fdatasync(file_.get()) != 0) return errno_error("fdatasync {}", path());
  for (unsigned number = options_.max_files - 1; number > 0; --number) {
    const std::string from = number == 1 ? path() : fmt::format("{}.{}", path(), number - 1);
    const std::string to = fmt::format("{}.{}", path(), number);
    if (::rename(from.c_str(), to.c_str()) != 0 && errno != ENOENT) {
      return errno_error("rename {} to {}", from, to);
    }
  }
  return open_log();
}

// Blocks behind the end of the file are the file's, whoever fills the disk meanwhile.
void AuditLog::reserve() {
  if (reserved_ >= size_ + kReserve) {
    is_full_ = false;
    return;
  }
  // What others free for a moment to take it again, as a store does that opens, is theirs.
  const auto now = std::chrono::steady_clock::now();
  if (is_full_.load() && now < look_for_room_at_) return;
  const std::uint64_t wanted = size_ + kReserve + kReserveStep;
  const int got = ::fallocate(file_.get(),
                              FALLOC_FL_KEEP_SIZE,
                              static_cast<off_t>(size_),
                              static_cast<off_t>(wanted - size_));
  // Where nothing can be reserved, a write that fails is the first to tell.
  const bool is_reserved = got == 0 || errno == EOPNOTSUPP || errno == ENOSYS;
  if (is_reserved) {
    reserved_ = wanted;
    if (is_full_.exchange(false)) spdlog::info("audit log: there is room again");
    return;
  }
  look_for_room_at_ = now + kLookForRoom;
  const Error why = errno_error("reserve room for {}", path());
  if (!is_full_.exchange(true)) spdlog::error("audit log: {}", why.message);
}

}  // namespace ikada
