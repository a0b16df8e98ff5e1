#include "cluster/logstore/log_room.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <map>
#include <utility>

#include "cluster/logstore/event_query.h"
#include "cluster/logstore/log_streams.h"
#include "runtime/sys/file.h"

namespace ikada {
namespace {

constexpr UnixNanos kNanosPerDay = UnixNanos{24} * 3600 * 1'000'000'000;
// A stream is made before its container.
constexpr std::int64_t kYoungMs = std::int64_t{3600} * 1000;
constexpr std::int64_t kNanosInMs = 1'000'000;

UnixNanos changed_at(const struct stat& status) {
  return status.st_mtim.tv_sec * UnixNanos{1'000'000'000} + status.st_mtim.tv_nsec;
}

std::vector<LogFileFacts> facts_of(const StoredStream& stream,
                                   bool is_live,
                                   std::int32_t retention_days) {
  std::vector<LogFileFacts> files;
  for (const StoredLogFile& each : list_log_files(stream)) {
    struct stat status {};
    if (::stat(each.path.c_str(), &status) != 0) continue;
    files.push_back({.path = each.path,
                     .bytes = static_cast<std::uint64_t>(status.st_size),
                     .changed = changed_at(status),
                     .retention_days = retention_days,
                     .is_written = is_live && each.age == 0});
  }
  return files;
}

}  // namespace

std::vector<std::string> plan_log_room(std::vector<LogFileFacts> files,
                                       std::uint64_t max_bytes,
                                       UnixNanos now) {
  std::uint64_t bytes = 0;
  for (const LogFileFacts& each : files) bytes += each.bytes;
  std::ranges::stable_sort(files, {}, &LogFileFacts::changed);
  std::vector<std::string> gone;
  for (const LogFileFacts& each : files) {
    const bool is_over =
        each.retention_days > 0 && each.changed + each.retention_days * kNanosPerDay < now;
    if (each.is_written || (!is_over && bytes <= max_bytes)) continue;
    bytes -= each.bytes;
    gone.push_back(each.path);
  }
  return gone;
}

LogRoomReport keep_log_room(const EngineLayout& layout,
                            const std::vector<LogGroupTerms>& terms,
                            std::uint64_t max_bytes,
                            UnixNanos now) {
  std::map<std::pair<std::string, std::string>, std::int32_t> retention;
  for (const LogGroupTerms& each : terms) {
    retention[{each.region, each.group}] = each.retention_days;
  }
  const std::vector<StoredStream> streams = list_all_log_streams(layout);
  std::vector<LogFileFacts> files;
  for (const StoredStream& each : streams) {
    const auto days = retention.find({each.facts.region, each.facts.group});
    const std::vector<LogFileFacts> own = facts_of(
        each,
        is_log_live(layout, each.facts) || each.facts.created_ms + kYoungMs > now / kNanosInMs,
        days == retention.end() ? 0 : days->second);
    files.insert(files.end(), own.begin(), own.end());
  }
  LogRoomReport report;
  for (const LogFileFacts& each : files) report.bytes += each.bytes;
  for (const std::string& path : plan_log_room(files, max_bytes, now)) {
    const auto file = std::ranges::find(files, path, &LogFileFacts::path);
    // A rotation gives another file its name.
    struct stat status {};
    const bool is_it = ::stat(path.c_str(), &status) == 0 && changed_at(status) == file->changed;
    if (!is_it || ::unlink(path.c_str()) != 0) continue;
    report.bytes -= file->bytes;
    ++report.removed_files;
  }
  for (const StoredStream& each : streams) {
    const bool is_young = each.facts.created_ms + kYoungMs > now / kNanosInMs;
    const bool is_kept =
        is_young || is_log_live(layout, each.facts) || !list_log_files(each).empty();
    if (!is_kept) static_cast<void>(remove_tree(each.directory));
  }
  return report;
}

Result<void> delete_log_group(const EngineLayout& layout,
                              const std::string& region,
                              const std::string& group) {
  for (const StoredStream& each : list_log_streams(layout, region, group)) {
    const bool is_live = is_log_live(layout, each.facts);
    if (!is_live) {
      IK_TRY(remove_tree(each.directory));
      continue;
    }
    for (const StoredLogFile& file : list_log_files(each)) {
      if (file.age > 0) static_cast<void>(::unlink(file.path.c_str()));
    }
  }
  // Only when nothing is left in it.
  static_cast<void>(::rmdir(log_group_directory(layout, region, group).c_str()));
  return {};
}

}  // namespace ikada
