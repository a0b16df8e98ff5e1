#include "image/build/mode_change.h"

#include "runtime/base/text.h"

namespace ikada {
namespace {

constexpr mode_t kAll = 07777;
constexpr mode_t kExecute = 0111;

Error invalid_mode(std::string_view text) {
  return make_error(ErrorKind::kInvalid,
                    "--chmod: expected an octal number up to 7777 or changes like u=rwX,go=rX, "
                    "not {}",
                    text);
}

bool is_octal(std::string_view text) {
  return !text.empty() && text.size() <= 5 &&
         text.find_first_not_of("01234567") == std::string_view::npos;
}

// The bits that belong to one of "ugoa".
mode_t bits_of(char who) {
  switch (who) {
    case 'u':
      return 04700;
    case 'g':
      return 02070;
    case 'o':
      return 01007;
    case 'a':
      return kAll;
    default:
      return 0;
  }
}

// A permission for everybody; 0 if it is none.
mode_t bits_for(char permission) {
  switch (permission) {
    case 'r':
      return 0444;
    case 'w':
      return 0222;
    case 'x':
      return kExecute;
    case 's':
      return 06000;
    case 't':
      return 01000;
    default:
      return 0;
  }
}

mode_t copy_bits(mode_t mode, char from) {
  const unsigned shift = from == 'u' ? 6 : from == 'g' ? 3 : 0;
  return (mode >> shift & 07) * kExecute;
}

}  // namespace

// [ugoa]* and then operations, each with permissions or one of "ugo".
Result<void> ModeChange::parse_clause(std::string_view clause, ModeChange& change) {
  mode_t who = 0;
  size_t at = 0;
  while (at < clause.size() && bits_of(clause[at]) != 0) who |= bits_of(clause[at++]);
  if (who == 0) who = kAll;
  if (at == clause.size()) return invalid_mode(change.text_);
  while (at < clause.size()) {
    Step step{.who = who, .operation = clause[at++]};
    if (std::string_view("=+-").find(step.operation) == std::string_view::npos) {
      return invalid_mode(change.text_);
    }
    if (at < clause.size() && clause[at] != 'a' && bits_of(clause[at]) != 0) {
      step.copied = clause[at++];
    } else {
      for (; at < clause.size(); ++at) {
        if (clause[at] == 'X') {
          step.if_executable = true;
        } else if (bits_for(clause[at]) != 0) {
          step.bits |= bits_for(clause[at]);
        } else {
          break;
        }
      }
    }
    change.steps_.push_back(step);
  }
  return {};
}

Result<ModeChange> ModeChange::parse(std::string_view text) {
  ModeChange change;
  change.text_ = text;
  if (is_octal(text)) {
    mode_t mode = 0;
    for (const char c : text) mode = mode * 8 + static_cast<mode_t>(c - '0');
    if (mode > kAll) return invalid_mode(text);
    change.steps_.push_back({.who = kAll, .operation = '=', .bits = mode});
    return change;
  }
  for (const std::string_view clause : split(text, ',')) IK_TRY(parse_clause(clause, change));
  return change;
}

mode_t ModeChange::apply(mode_t mode, bool is_directory) const {
  mode &= kAll;
  for (const Step& step : steps_) {
    mode_t bits = step.copied != '\0' ? copy_bits(mode, step.copied) : step.bits;
    if (step.if_executable && (is_directory || (mode & kExecute) != 0)) bits |= kExecute;
    bits &= step.who;
    if (step.operation == '=') mode = (mode & ~step.who) | bits;
    if (step.operation == '+') mode |= bits;
    if (step.operation == '-') mode &= ~bits;
  }
  return mode;
}

}  // namespace ikada
