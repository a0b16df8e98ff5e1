#include "cmd/ikada/pull_display.h"

#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>

#include "image/registry_options.h"
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

std::string_view phase_text(PullProgress::Phase phase) {
  switch (phase) {
    case PullProgress::Phase::kWaiting:
      return "Pulling fs layer";
    case PullProgress::Phase::kDownloading:
      return "Downloading";
    case PullProgress::Phase::kExtracting:
      return "Extracting";
    case PullProgress::Phase::kDone:
      return "Pull complete";
    case PullProgress::Phase::kExists:
      return "Already exists";
  }
  return "";
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

PullDisplay::PullDisplay(FILE* out) : out_(out) {
  winsize size{};
  is_terminal_ = ::isatty(::fileno(out)) != 0;
  if (is_terminal_ && ::ioctl(::fileno(out), TIOCGWINSZ, &size) == 0 && size.ws_col > 0) {
    columns_ = size.ws_col;
    rows_ = size.ws_row;
  }
}

void PullDisplay::print_line(const std::string& id, const std::string& text) {
  ::fprintf(out_, "%s: %s\n", id.c_str(), text.c_str());
  ::fflush(out_);
}

void PullDisplay::say(const std::string& line) {
  const std::lock_guard lock(mutex_);
  lines_.push_back({});  // Takes a row, which counts for the cursor's way up.
  ::fprintf(out_, "%s\n", line.c_str());
  ::fflush(out_);
}

// What was there before the pull does not count as speed.
void PullDisplay::add_transfer(const PullProgress& progress, Line& line, std::string& text) {
  const std::int64_t now = monotonic_ms();
  if (line.began_at_ms == 0) {
    line.began_at_ms = now;
    line.began_bytes = progress.done_bytes;
  }
  const std::string transfer =
      format_transfer(progress.done_bytes - std::min(line.began_bytes, progress.done_bytes),
                      now - line.began_at_ms,
                      progress.total_bytes - std::min(progress.done_bytes, progress.total_bytes));
  if (!transfer.empty()) text += "  " + transfer;
}

// The cursor stands below the last line; it goes up, writes one line anew and comes back.
void PullDisplay::redraw(Line& line, size_t index) {
  const size_t up = lines_.size() - index;
  const std::string text = (line.id + ": " + line.text).substr(0, columns_ - 1);
  ::fprintf(out_, "\x1b[%zuA\r\x1b[2K%s\x1b[%zuB\r", up, text.c_str(), up);
  ::fflush(out_);
}

void PullDisplay::show(const PullProgress& progress) {
  const std::lock_guard lock(mutex_);
  const auto [place, is_new] = places_.emplace(progress.layer, lines_.size());
  std::string text(phase_text(progress.phase));
  if (is_new) {
    lines_.push_back({.id = short_id(progress.layer), .text = text});
    return print_line(lines_.back().id, text);
  }
  Line& line = lines_[place->second];
  const bool running = progress.phase == PullProgress::Phase::kDownloading;
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
    text += "  " + format_progress_bar(progress.done_bytes, progress.total_bytes, cells);
    add_transfer(progress, line, text);
  }
  line.text = std::move(text);
  line.drawn_at_ms = now;
  redraw(line, place->second);
}

Result<PullResult> pull_and_show(const Context& context,
                                 ImageStore& store,
                                 const Reference& reference,
                                 const PullWish& wish) {
  PullDisplay display(wish.out);
  return pull_and_show(context, store, reference, wish, display);
}

Result<PullResult> pull_and_show(const Context& context,
                                 ImageStore& store,
                                 const Reference& reference,
                                 const PullWish& wish,
                                 PullDisplay& display) {
  PullOptions options;
  options.platform = wish.platform;
  IK_LET(registry, registry_options_for(reference.registry, context.config_path));
  options.registry = std::move(registry);
  if (wish.quiet) return pull_image(store, reference, options);

  const std::string& what = reference.digest.empty() ? reference.tag : reference.digest;
  bool announced = false;
  const auto announce = [&] {
    if (announced) return;
    announced = true;
    display.say(fmt::format("{}: Pulling from {}", what, reference.repository));
  };
  // The first news comes when the registry has answered, so that an image that is not there is not
  // announced.
  options.progress = [&](const PullProgress& progress) {
    announce();
    display.show(progress);
  };
  IK_LET(pulled, pull_image(store, reference, options));
  announce();
  display.say("Digest: " + pulled.digest);
  display.say(fmt::format("Status: {} for {}",
                          pulled.was_new ? "Downloaded newer image" : "Image is up to date",
                          reference.familiar()));
  return pulled;
}

}  // namespace ikada
