#include "cluster/scheduler/pattern.h"

#include <utility>

#include <re2/re2.h>

namespace ikada::scheduler {
namespace {

// Of the compiled program and of its automaton's states; when the latter are more, RE2 forgets
// some.
constexpr std::int64_t kMaxMemoryBytes = 256 << 10;

}  // namespace

Pattern::Pattern(std::shared_ptr<const re2::RE2> expression) : expression_(std::move(expression)) {}

Result<Pattern> Pattern::parse(std::string_view text) {
  re2::RE2::Options options;
  options.set_log_errors(false);
  options.set_max_mem(kMaxMemoryBytes);
  auto expression =
      std::make_shared<const re2::RE2>(re2::StringPiece(text.data(), text.size()), options);
  if (!expression->ok()) {
    return make_error(ErrorKind::kInvalid, "regular expression: {}", expression->error());
  }
  return Pattern(std::move(expression));
}

bool Pattern::matches(std::string_view text) const {
  return re2::RE2::FullMatch(re2::StringPiece(text.data(), text.size()), *expression_);
}

}  // namespace ikada::scheduler
