#include "runtime/cgroup/flat_keyed.h"

#include <algorithm>

#include "runtime/base/number.h"
#include "runtime/base/text.h"

namespace ikada {

std::map<std::string, std::uint64_t> parse_flat_keyed(std::string_view text) {
  std::map<std::string, std::uint64_t> values;
  for (const std::string_view line : split(text, '\n')) {
    const Cut parts = cut(line, ' ');
    const Result<std::uint64_t> value = parse_unsigned(parts.after);
    if (parts.found && value) values.emplace(parts.before, *value);
  }
  return values;
}

std::uint64_t parse_single_value(std::string_view text) {
  return parse_unsigned(trim(text)).value_or(0);
}

std::uint64_t sum_nested_key(std::string_view text, std::string_view key) {
  std::uint64_t sum = 0;
  for (const std::string_view line : split(text, '\n')) {
    for (const std::string_view word : split(line, ' ')) {
      const Cut parts = cut(word, '=');
      if (parts.found && parts.before == key) sum += parse_unsigned(parts.after).value_or(0);
    }
  }
  return sum;
}

bool has_word(std::string_view text, std::string_view word) {
  const auto words = split(trim(text), ' ');
  return std::find(words.begin(), words.end(), word) != words.end();
}

}  // namespace ikada
