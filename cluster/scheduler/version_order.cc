#include "cluster/scheduler/version_order.h"

#include <algorithm>

namespace ikada::scheduler {
namespace {

bool is_digit(char letter) { return letter >= '0' && letter <= '9'; }

bool is_number(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), is_digit);
}

std::string_view without_mark(std::string_view version) {
  if (version.size() > 1 && version[0] == 'v' && is_digit(version[1])) version.remove_prefix(1);
  return version;
}

// Takes the first component off `rest`; "0" when nothing is left.
std::string_view take_component(std::string_view& rest, bool& has_more) {
  if (!has_more) return "0";
  const size_t end = std::min(rest.find_first_of(".-"), rest.size());
  const std::string_view component = rest.substr(0, end);
  has_more = end < rest.size();
  rest.remove_prefix(has_more ? end + 1 : end);
  return component;
}

std::weak_ordering compare_numbers(std::string_view a, std::string_view b) {
  a.remove_prefix(std::min(a.find_first_not_of('0'), a.size()));
  b.remove_prefix(std::min(b.find_first_not_of('0'), b.size()));
  if (a.size() != b.size()) return a.size() <=> b.size();
  return a <=> b;
}

}  // namespace

std::weak_ordering compare_versions(std::string_view a, std::string_view b) {
  a = without_mark(a);
  b = without_mark(b);
  bool more_a = !a.empty();
  bool more_b = !b.empty();
  while (more_a || more_b) {
    const std::string_view first = take_component(a, more_a);
    const std::string_view second = take_component(b, more_b);
    const bool first_is_number = is_number(first);
    if (first_is_number != is_number(second)) {
      return first_is_number ? std::weak_ordering::greater : std::weak_ordering::less;
    }
    const std::weak_ordering order =
        first_is_number ? compare_numbers(first, second) : std::weak_ordering(first <=> second);
    if (order != std::weak_ordering::equivalent) return order;
  }
  return std::weak_ordering::equivalent;
}

}  // namespace ikada::scheduler
