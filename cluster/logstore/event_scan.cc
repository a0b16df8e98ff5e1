#include "cluster/logstore/event_scan.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <functional>
#include <optional>
#include <utility>

#include "cluster/engine/log_tail.h"
#include "runtime/monitor/log_line.h"
#include "runtime/sys/file.h"

namespace ikada {
namespace {

constexpr std::int64_t kNanosInMilli = 1'000'000;
constexpr size_t kMaxEventLine = size_t{2} << 20;  // A message, escaped.
constexpr size_t kSourceDigits = 16;
constexpr UnixNanos kClockLag = 1'000'000'000;
constexpr int kListAttempts = 5;

struct OpenFile {
  UniqueFd fd;
  UnixNanos changed = 0;
  off_t size = 0;
  bool is_current = false;
};

// The oldest first. A rotation meanwhile gives files other names: then all are looked for again.
std::vector<OpenFile> open_files(const StoredStream& stream) {
  std::vector<OpenFile> open;
  for (int attempt = 0; attempt < kListAttempts; ++attempt) {
    open.clear();
    bool is_whole = true;
    std::vector<ino_t> seen;
    for (const StoredLogFile& each : list_log_files(stream)) {
      Result<UniqueFd> fd = open_file(each.path, O_RDONLY);
      struct stat status {};
      if (!fd.has_value() || ::fstat(fd->get(), &status) != 0) {
        is_whole = false;
        break;
      }
      if (std::ranges::find(seen, status.st_ino) != seen.end()) is_whole = false;
      seen.push_back(status.st_ino);
      open.push_back(
          {.fd = std::move(*fd),
           .changed = status.st_mtim.tv_sec * UnixNanos{1'000'000'000} + status.st_mtim.tv_nsec,
           .size = status.st_size,
           .is_current = each.age == 0});
    }
    if (is_whole) return open;
  }
  return open;
}

// Calls with each whole line of the file's first `size` bytes until it returns false.
void for_lines(const OpenFile& file, const std::function<bool(std::string_view)>& take) {
  std::string rest;
  std::array<char, size_t{64} << 10> buffer;
  off_t offset = 0;
  while (offset < file.size) {
    const size_t wanted = std::min<size_t>(buffer.size(), static_cast<size_t>(file.size - offset));
    const ssize_t got = ::pread(file.fd.get(), buffer.data(), wanted, offset);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return;
    offset += got;
    std::string_view text(buffer.data(), static_cast<size_t>(got));
    for (size_t end = text.find('\n'); end != std::string_view::npos; end = text.find('\n')) {
      bool goes_on = false;
      if (rest.empty()) {
        goes_on = take(text.substr(0, end));
      } else {
        rest += text.substr(0, end);
        goes_on = take(rest);
        rest.clear();
      }
      if (!goes_on) return;
      text.remove_prefix(end + 1);
    }
    rest += text;
    if (rest.size() > kMaxEventLine) rest.clear();
  }
}

// Counts events of the same time, and makes time go forward where a clock was set back.
struct Place {
  UnixNanos time = 0;
  std::uint32_t place = 0;

  void go_to(UnixNanos next) {
    place = next <= time ? place + 1 : 0;
    time = std::max(time, next);
  }
};

// Joins the parts of long lines and hands on events, with their place in the stream.
class LineJoiner {
 public:
  using Take = std::function<bool(const Place&, std::string_view message)>;
  LineJoiner(Place place, Take take) : place_(place), take_(std::move(take)) {}

  bool add(const LogLine& line) {
    Part& part = parts_[line.stream == LogStream::kStdout ? 0 : 1];
    if (!part.is_open && !line.partial) return hand_on(line.time, line.text);
    if (!part.is_open) part = {.is_open = true, .time = line.time, .text = ""};
    part.text += line.text;
    if (line.partial && part.text.size() < kMaxMessageBytes) return true;
    part.is_open = false;
    return hand_on(part.time, part.text);
  }

  // A last line without an end.
  void flush() {
    for (Part& part : parts_) {
      if (std::exchange(part.is_open, false)) hand_on(part.time, part.text);
    }
  }

  const Place& place() const { return place_; }

 private:
  struct Part {
    bool is_open = false;
    UnixNanos time = 0;
    std::string text = {};
  };

  bool hand_on(UnixNanos time, std::string_view text) {
    place_.go_to(time);
    return take_(place_, text);
  }

  Place place_;
  Take take_;
  std::array<Part, 2> parts_{};
};

// The time of the line that the file ends with.
std::optional<UnixNanos> last_time(const OpenFile& file) {
  const Result<LogTail> tail = find_log_tail(file.fd.get(), file.size, 1);
  if (!tail.has_value() || tail->lines == 0) return std::nullopt;
  std::array<char, 128> head;
  const ssize_t got = ::pread(file.fd.get(), head.data(), head.size(), tail->offset);
  if (got <= 0) return std::nullopt;
  const std::string_view text(head.data(), static_cast<size_t>(got));
  const Result<UnixNanos> time = parse_rfc3339(text.substr(0, text.find(' ')));
  return time.has_value() ? std::optional(*time) : std::nullopt;
}

std::optional<UnixNanos> first_time(const OpenFile& file) {
  std::optional<UnixNanos> time;
  for_lines(file, [&](std::string_view text) {
    const std::optional<LogLine> line = parse_log_line(text);
    if (line.has_value()) time = line->time;
    return !time.has_value();
  });
  return time;
}

Place scan_lines(const OpenFile& file, const Place& from, const LineJoiner::Take& take) {
  LineJoiner joiner(from, take);
  for_lines(file, [&](std::string_view text) {
    const std::optional<LogLine> line = parse_log_line(text);
    return !line.has_value() || joiner.add(*line);
  });
  joiner.flush();
  return joiner.place();
}

// Where the file's events stand: lines of one time may be in two files.
Place place_before(const std::vector<OpenFile>& files, size_t index) {
  if (index == 0) return {};
  const std::optional<UnixNanos> before = last_time(files[index - 1]);
  if (!before.has_value() || before != first_time(files[index])) return {};
  return scan_lines(files[index - 1],
                    place_before(files, index - 1),
                    [](const Place&, std::string_view) { return true; });
}

class StreamScan {
 public:
  StreamScan(const StoredStream& stream,
             const ScanOptions& options,
             const FilterPattern& pattern,
             PageBuilder& page)
      : stream_(stream),
        pattern_(pattern),
        page_(page),
        source_(short_digest(fmt::format("{}\n{}", options.host, stream.directory), kSourceDigits)),
        from_head_(options.from_head) {}

  void scan_log() {
    const std::vector<OpenFile> files = open_files(stream_);
    for (size_t turn = 0; turn < files.size(); ++turn) {
      const size_t index = from_head_ ? turn : files.size() - 1 - turn;
      const OpenFile& file = files[index];
      // A line is written after its time, but files' times come from a clock that lags behind.
      if (key_before(file.changed + kClockLag) < page_.low()) continue;
      const std::optional<UnixNanos> first = first_time(file);
      if (!first.has_value() || key_before(*first) >= page_.high()) continue;
      scan_lines(file, place_before(files, index), [&](const Place& at, std::string_view text) {
        return offer(at, text, at.time / kNanosInMilli);
      });
    }
  }

  // Clients put events in any order of times.
  void scan_events() {
    struct Put {
      std::int64_t time_ms = 0;
      std::int64_t ingested_ms = 0;
      std::string message = {};
    };
    std::vector<Put> all;
    for (const OpenFile& file : open_files(stream_)) {
      for_lines(file, [&](std::string_view text) {
        const Result<Json> json = parse_json(text);
        if (!json.has_value() || !json->is_object()) return true;
        all.push_back({.time_ms = json->value("t", std::int64_t{0}),
                       .ingested_ms = json->value("i", std::int64_t{0}),
                       .message = json->value("m", "")});
        return true;
      });
    }
    std::ranges::stable_sort(all, {}, &Put::time_ms);
    Place place;
    for (const Put& each : all) {
      place.go_to(each.time_ms * kNanosInMilli);
      offer(place, each.message, each.ingested_ms);
    }
  }

 private:
  bool offer(const Place& at, std::string_view message, std::int64_t ingested_ms) {
    std::string key = event_key(at.time, source_, at.place);
    if (key >= page_.high()) return false;
    if (!page_.wants(key) || !pattern_.matches(message)) return true;
    page_.add({.key = std::move(key),
               .stream = stream_.facts.stream,
               .time_ms = at.time / kNanosInMilli,
               .ingested_ms = ingested_ms,
               .message = std::string(message)});
    return true;
  }

  const StoredStream& stream_;
  const FilterPattern& pattern_;
  PageBuilder& page_;
  std::string source_;
  bool from_head_;
};

}  // namespace

void scan_log_stream(const StoredStream& stream,
                     const ScanOptions& options,
                     const FilterPattern& pattern,
                     PageBuilder& page) {
  StreamScan scan(stream, options, pattern, page);
  if (stream.facts.is_of_clients()) return scan.scan_events();
  scan.scan_log();
}

StreamSummary summarize_log_stream(const StoredStream& stream) {
  StreamSummary summary{.name = stream.facts.stream, .created_ms = stream.facts.created_ms};
  const std::vector<OpenFile> files = open_files(stream);
  for (const OpenFile& each : files) summary.bytes += static_cast<std::uint64_t>(each.size);
  if (stream.facts.is_of_clients()) {
    const FilterPattern all;
    PageBuilder page({.low = "", .high = "~", .limit = SIZE_MAX});
    scan_log_stream(stream, {}, all, page);
    for (const LogEvent& each : page.take().events) {
      summary.first_ms = std::min(summary.first_ms.value_or(each.time_ms), each.time_ms);
      summary.last_ms = std::max(summary.last_ms.value_or(each.time_ms), each.time_ms);
      summary.ingested_ms =
          std::max(summary.ingested_ms.value_or(each.ingested_ms), each.ingested_ms);
    }
    return summary;
  }
  for (const OpenFile& each : files) {
    const std::optional<UnixNanos> first = first_time(each);
    if (!first.has_value()) continue;
    summary.first_ms = *first / kNanosInMilli;
    break;
  }
  for (auto file = files.rbegin(); file != files.rend() && !summary.last_ms.has_value(); ++file) {
    const std::optional<UnixNanos> last = last_time(*file);
    if (!last.has_value()) continue;
    summary.last_ms = *last / kNanosInMilli;
    summary.ingested_ms = summary.last_ms;
  }
  return summary;
}

}  // namespace ikada
