#include "cmd/ikada/build_terminal.h"

#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <utility>

namespace ikada {
namespace {

constexpr size_t kKeptLines = 40;  // Of a step, for when it fails.
constexpr size_t kShownLines = 4;  // While it runs.
constexpr size_t kMaxShownBytes = 4096;
constexpr double kRedrawSeconds = 0.1;
constexpr std::chrono::milliseconds kTick(200);

struct TerminalSize {
  size_t columns = 80;
  size_t rows = 24;
};

TerminalSize size_of(FILE* out) {
  winsize size{};
  if (::ioctl(::fileno(out), TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return {};
  return {.columns = size.ws_col, .rows = size.ws_row};
}

double monotonic_s() {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) / 1e9;
}

// At most so many bytes, and no part of a character.
std::string_view cut_text(std::string_view text, size_t bytes) {
  if (text.size() <= bytes) return text;
  while (bytes > 0 && (static_cast<unsigned char>(text[bytes]) & 0xC0U) == 0x80) --bytes;
  return text.substr(0, bytes);
}

}  // namespace

void PlainLines::end_line() {
  lines_.push_back(std::move(line_));
  line_.clear();
  if (lines_.size() > kept_) lines_.pop_front();
}

void PlainLines::add(std::string_view bytes) {
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    if (escape_ == Escape::kBegun) {
      escape_ = c == '[' ? Escape::kSequence : Escape::kNone;
    } else if (escape_ == Escape::kSequence) {
      if (byte >= 0x40 && byte <= 0x7E) escape_ = Escape::kNone;
    } else if (c == '\x1b') {
      escape_ = Escape::kBegun;
    } else if (c == '\n') {
      is_overwritten_ = false;
      end_line();
    } else if (c == '\r') {
      is_overwritten_ = true;
    } else if (c == '\t' || (byte >= 0x20 && byte != 0x7F)) {
      if (std::exchange(is_overwritten_, false)) line_.clear();
      if (line_.size() < kMaxShownBytes) line_ += c == '\t' ? ' ' : c;
    }
  }
}

std::vector<std::string> PlainLines::last(size_t count) const {
  std::vector<std::string> all(lines_.begin(), lines_.end());
  if (!line_.empty()) all.push_back(line_);
  all.erase(all.begin(), all.end() - static_cast<std::ptrdiff_t>(std::min(count, all.size())));
  return all;
}

std::string format_timed_line(std::string_view text, double seconds, size_t columns) {
  const std::string time = fmt::format(" {:.1f}s", seconds);
  const size_t space = columns - std::min(columns, time.size());
  return fmt::format("{:<{}}{}", cut_text(text, space), space, time);
}

BuildTerminal::BuildTerminal(FILE* out) : out_(out), ticker_([this] { tick(); }) {}

BuildTerminal::~BuildTerminal() {
  {
    const std::lock_guard lock(mutex_);
    is_ended_ = true;
    clear();
    ::fflush(out_);
  }
  ended_.notify_all();
  ticker_.join();
}

// So that times go on while nothing happens.
void BuildTerminal::tick() {
  std::unique_lock lock(mutex_);
  while (!ended_.wait_for(lock, kTick, [this] { return is_ended_; })) {
    if (!steps_.empty()) draw();
  }
}

void BuildTerminal::clear() {
  if (drawn_lines_ > 0) ::fprintf(out_, "\x1b[%zuA\r\x1b[J", drawn_lines_);
  drawn_lines_ = 0;
}

void BuildTerminal::draw() {
  const TerminalSize size = size_of(out_);
  const double now = monotonic_s();
  std::vector<std::string> lines;
  for (const auto& [number, step] : steps_) {
    lines.push_back(format_timed_line(" => " + step.title, now - step.began_s, size.columns - 1));
    for (const std::string& line : step.output.last(kShownLines)) {
      lines.emplace_back(cut_text(" => => " + line, size.columns - 1));
    }
  }
  // What leaves the screen at its top could not be drawn anew.
  if (lines.size() >= size.rows) lines.resize(size.rows - 1);
  clear();
  for (const std::string& line : lines) ::fprintf(out_, "%s\n", line.c_str());
  ::fflush(out_);
  drawn_lines_ = lines.size();
  drawn_at_s_ = now;
}

void BuildTerminal::finish(const BuildEvent& event, const Step& step) {
  const size_t columns = size_of(out_).columns - 1;
  const bool is_cached = event.kind == BuildEvent::Kind::kCached;
  const bool is_failed = event.kind == BuildEvent::Kind::kFailed;
  const std::string text = fmt::format(" => {}{}",
                                       is_cached   ? "CACHED "
                                       : is_failed ? "ERROR "
                                                   : "",
                                       step.title);
  clear();
  ::fprintf(out_, "%s\n", format_timed_line(text, event.seconds, columns).c_str());
  if (!is_failed) return;
  for (const std::string& line : step.output.last(kKeptLines)) {
    ::fprintf(out_, " => => %s\n", line.c_str());
  }
}

void BuildTerminal::show(const BuildEvent& event) {
  const std::lock_guard lock(mutex_);
  const double now = monotonic_s();
  auto place =
      steps_
          .try_emplace(
              event.step,
              Step{.title = "", .began_s = now - event.seconds, .output = PlainLines(kKeptLines)})
          .first;
  switch (event.kind) {
    case BuildEvent::Kind::kStarted:
      place->second.title = event.text;
      break;
    case BuildEvent::Kind::kOutput:
      place->second.output.add(event.text);
      if (now < drawn_at_s_ + kRedrawSeconds) return;
      break;
    case BuildEvent::Kind::kCached:
    case BuildEvent::Kind::kDone:
    case BuildEvent::Kind::kFailed:
      finish(event, place->second);
      steps_.erase(place);
      break;
  }
  draw();
}

}  // namespace ikada
