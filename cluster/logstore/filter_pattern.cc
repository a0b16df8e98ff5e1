#include "cluster/logstore/filter_pattern.h"

#include <algorithm>

#include "runtime/base/text.h"

namespace ikada {
namespace {

constexpr size_t kMaxPattern = 1024;

// Takes a term, quoted or not, off the front.
Result<std::string> take_term(std::string_view& text) {
  if (text.empty() || text.front() != '"') {
    const size_t end = std::min(text.find(' '), text.size());
    std::string term(text.substr(0, end));
    text.remove_prefix(end);
    if (term.find('"') == std::string::npos) return term;
    return make_error(ErrorKind::kInvalid, "a quote inside the term {}", term);
  }
  text.remove_prefix(1);
  std::string term;
  while (!text.empty()) {
    const char next = text.front();
    text.remove_prefix(1);
    if (next == '"') return term;
    const bool is_escape =
        next == '\\' && !text.empty() && (text.front() == '"' || text.front() == '\\');
    term += is_escape ? text.front() : next;
    if (is_escape) text.remove_prefix(1);
  }
  return make_error(ErrorKind::kInvalid, "a quote is not closed");
}

bool stands_in(std::string_view message, const std::string& term) {
  return message.find(term) != std::string_view::npos;
}

}  // namespace

Result<FilterPattern> FilterPattern::parse(std::string_view text) {
  FilterPattern pattern;
  if (text.size() > kMaxPattern) {
    return make_error(ErrorKind::kInvalid, "longer than {} characters", kMaxPattern);
  }
  for (text = trim(text); !text.empty(); text = trim(text)) {
    const char first = text.front();
    if (first == '{' || first == '[' || first == '%') {
      return make_error(ErrorKind::kInvalid,
                        "only terms are supported: no JSON members, columns or regular "
                        "expressions");
    }
    const bool has_sign = first == '-' || first == '?';
    if (has_sign) text.remove_prefix(1);
    IK_LET(term, take_term(text));
    if (term.empty()) return make_error(ErrorKind::kInvalid, "a term is empty");
    std::vector<std::string>& terms = first == '-'   ? pattern.excluded_
                                      : first == '?' ? pattern.optional_
                                                     : pattern.required_;
    terms.push_back(std::move(term));
  }
  return pattern;
}

bool FilterPattern::matches(std::string_view message) const {
  const auto stands = [&](const std::string& term) { return stands_in(message, term); };
  if (std::ranges::any_of(excluded_, stands)) return false;
  if (!required_.empty()) return std::ranges::all_of(required_, stands);
  return optional_.empty() || std::ranges::any_of(optional_, stands);
}

}  // namespace ikada
