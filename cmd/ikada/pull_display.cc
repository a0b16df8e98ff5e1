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
constexpr size_t kAroundBar = 50;  // Columns that the words and numbers beside the bar need.

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

// The cursor stands below the last line; it goes up, writes one line anew and comes back.
void PullDisplay::redraw(Line& line, size_t index) {
  const size_t up = lines_.size() - index;
  const std::string text = (line.id + ": " + line.text).substr(0, columns_ - 1);
  ::fprintf(out_, "\x1b[%zuA\r\x1b[2K%s\x1b[%zuB\r", up, text.c_str(), up);
  ::fflush(out_);
}

void PullDisplay::show(const PullProgress& progress) {
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
  }
  line.text = std::move(text);
  line.drawn_at_ms = now;
  redraw(line, place->second);
}

Result<PullResult> pull_and_show(const Context& context,
                                 ImageStore& store,
                                 const Reference& reference,
                                 const PullWish& wish) {
  PullOptions options;
  options.platform = wish.platform;
  IK_LET(registry, registry_options_for(reference.registry, context.config_path));
  options.registry = std::move(registry);
  if (wish.quiet) return pull_image(store, reference, options);

  const std::string& what = reference.digest.empty() ? reference.tag : reference.digest;
  bool announced = false;
  PullDisplay display(wish.out);
  const auto announce = [&] {
    if (announced) return;
    announced = true;
    ::fprintf(wish.out, "%s: Pulling from %s\n", what.c_str(), reference.repository.c_str());
  };
  // The first news comes when the registry has answered, so that an image that is not there is not
  // announced.
  options.progress = [&](const PullProgress& progress) {
    announce();
    display.show(progress);
  };
  IK_LET(pulled, pull_image(store, reference, options));
  announce();
  ::fprintf(wish.out,
            "Digest: %s\nStatus: %s for %s\n",
            pulled.digest.c_str(),
            pulled.was_new ? "Downloaded newer image" : "Image is up to date",
            reference.familiar().c_str());
  ::fflush(wish.out);
  return pulled;
}

}  // namespace ikada
