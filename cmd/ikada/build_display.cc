#include "cmd/ikada/build_display.h"

#include <algorithm>
#include <string_view>

namespace ikada {
namespace {

constexpr size_t kMaxLine = size_t{64} << 10;
constexpr size_t kMaxKept = size_t{64} << 10;

}  // namespace

void BuildDisplay::print(int number, const std::string& text) {
  ::fprintf(out_, "#%d %s\n", number, text.c_str());
}

void BuildDisplay::add_output(int number, Step& step, const BuildEvent& event) {
  if (quiet_) {
    step.kept += event.text;
    if (step.kept.size() > kMaxKept) step.kept.erase(0, step.kept.size() - kMaxKept);
    return;
  }
  std::string_view rest = event.text;
  while (!rest.empty()) {
    const size_t end = std::min(rest.find('\n'), rest.size());
    step.line += rest.substr(0, end);
    const bool whole = end < rest.size() || step.line.size() > kMaxLine;
    rest.remove_prefix(std::min(end + 1, rest.size()));
    if (!whole) return;
    if (step.line.ends_with('\r')) step.line.pop_back();
    print(number, fmt::format("{:.3f} {}", event.seconds, step.line));
    step.line.clear();
  }
}

void BuildDisplay::show(const BuildEvent& event) {
  Step& step = steps_[event.step];
  switch (event.kind) {
    case BuildEvent::Kind::kStarted:
      step.title = event.text;
      if (!quiet_) print(event.step, event.text);
      return;
    case BuildEvent::Kind::kOutput:
      return add_output(event.step, step, event);
    case BuildEvent::Kind::kCached:
    case BuildEvent::Kind::kDone:
    case BuildEvent::Kind::kFailed:
      break;
  }
  const bool failed = event.kind == BuildEvent::Kind::kFailed;
  if (quiet_ && failed) ::fwrite(step.kept.data(), 1, step.kept.size(), out_);
  if (!quiet_) {
    if (!step.line.empty()) print(event.step, fmt::format("{:.3f} {}", event.seconds, step.line));
    const bool cached = event.kind == BuildEvent::Kind::kCached;
    print(event.step,
          cached ? "CACHED" : fmt::format("{} {:.1f}s", failed ? "ERROR" : "DONE", event.seconds));
  }
  ::fflush(out_);
  steps_.erase(event.step);
}

}  // namespace ikada
