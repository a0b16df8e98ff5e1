#include "cmd/ikada/layer_lines.h"

#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>

#include "runtime/base/number.h"

namespace ikada {
namespace {

constexpr std::int64_t kRedrawMs = 100;
constexpr size_t kMaxBarCells = 50;
constexpr size_t kAroundBar = 68;  // Columns that the words and numbers beside the bar need.
constexpr std::int64_t kLeastTransferMs = 500;

std::int64_t monotonic_ms() {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return std::int64_t{now.tv_sec} * 1000 + now.tv_nsec / 1'000'000;
}

// "a2abf6c4d29d" of a digest.
std::string short_id(const std::string& digest) {
  constexpr size_t kPrefix = std::string_view("sha256:").size();
  constexpr size_t kShown = 12;
  return digest.substr(std::min(kPrefix, digest.size()), kShown);
}

}  // namespace

std::string format_progress_bar(std::uint64_t done, std::uint64_t total, size_t cells) {
  const std::uint64_t shown = std::min(done, total);
  const size_t filled = total == 0 ? cells : static_cast<size_t>(shown * cells / total);
  std::string bar = "[" + std::string(filled, '=');
  if (filled < cells) bar += ">" + std::string(cells - filled - 1, ' ');
  return fmt::format("{}] {:>7}/{}", bar, format_decimal_size(done), format_decimal_size(total));
}

std::string format_transfer(std::uint64_t bytes, std::int64_t elapsed_ms, std::uint64_t to_come) {
  if (elapsed_ms < kLeastTransferMs || bytes == 0) return "";
  const std::uint64_t per_second = bytes * 1000 / static_cast<std::uint64_t>(elapsed_ms);
  std::string text = format_decimal_size(per_second) + "/s";
  if (per_second == 0 || to_come == 0) return text;
  const std::uint64_t seconds = (to_come + per_second - 1) / per_second;
  if (seconds < 60) return fmt::format("{} {}s", text, seconds);
  if (seconds < 3600) return fmt::format("{} {}m{:02}s", text, seconds / 60, seconds % 60);
  return fmt::format("{} {}h{:02}m", text, seconds / 3600, seconds / 60 % 60);
}

LayerLines::LayerLines(FILE* out) : out_(out) {
  winsize size{};
  const int fd = out == stdout ? STDOUT_FILENO : ::fileno(out);
  is_terminal_ = ::isatty(fd) != 0;
  if (is_terminal_ && ::ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) {
    columns_ = size.ws_col;
    rows_ = size.ws_row;
  }
}

void LayerLines::print_line(const std::string& id, const std::string& text) {
  ::fprintf(out_, "%s: %s\n", id.c_str(), text.c_str());
  ::fflush(out_);
}

void LayerLines::say(const std::string& line) {
  const std::lock_guard lock(mutex_);
  lines_.push_back({});  // Takes a row, which counts for the cursor's way up.
  ::fprintf(out_, "%s\n", line.c_str());
  ::fflush(out_);
}

// What was there before the pull does not count as speed.
void LayerLines::add_transfer(const Transferred& transferred, Line& line, std::string& text) {
  const std::int64_t now = monotonic_ms();
  if (line.began_at_ms == 0) {
    line.began_at_ms = now;
    line.began_bytes = transferred.done_bytes;
  }
  const std::string transfer = format_transfer(
      transferred.done_bytes - std::min(line.began_bytes, transferred.done_bytes),
      now - line.began_at_ms,
      transferred.total_bytes - std::min(transferred.done_bytes, transferred.total_bytes));
  if (!transfer.empty()) text += "  " + transfer;
}

// The cursor stands below the last line; it goes up, writes one line anew and comes back.
void LayerLines::redraw(Line& line, size_t index) {
  const size_t up = lines_.size() - index;
  const std::string text = (line.id + ": " + line.text).substr(0, columns_ - 1);
  ::fprintf(out_, "\x1b[%zuA\r\x1b[2K%s\x1b[%zuB\r", up, text.c_str(), up);
  ::fflush(out_);
}

void LayerLines::show(const std::string& digest,
                      std::string text,
                      const std::optional<Transferred>& transferred) {
  const std::lock_guard lock(mutex_);
  const auto [place, is_new] = places_.emplace(digest, lines_.size());
  if (is_new) {
    lines_.push_back({.id = short_id(digest), .text = text});
    return print_line(lines_.back().id, text);
  }
  Line& line = lines_[place->second];
  const bool running = transferred.has_value();
  // Lines that have left the screen at its top cannot be reached any more.
  const bool reachable = is_terminal_ && lines_.size() - place->second < rows_;
  if (!reachable) {
    if (running || text == line.text) return;
    line.text = text;
    return print_line(line.id, text);
  }
  const std::int64_t now = monotonic_ms();
  if (running && now < line.drawn_at_ms + kRedrawMs) return;
  if (running && columns_ > kAroundBar) {
    const size_t cells = std::min(kMaxBarCells, columns_ - kAroundBar + 1);
    text += "  " + format_progress_bar(transferred->done_bytes, transferred->total_bytes, cells);
    add_transfer(*transferred, line, text);
  }
  line.text = std::move(text);
  line.drawn_at_ms = now;
  redraw(line, place->second);
}

}  // namespace ikada
