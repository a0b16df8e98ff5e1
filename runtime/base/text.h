// Small text work shared by everyone: splitting, trimming, joining.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace ikada {

// The parts between separators; always at least one, possibly empty: split("a,,b", ',') is {"a",
// "", "b"}.
std::vector<std::string_view> split(std::string_view text, char separator);

// The text before and after the first separator; the second is empty and `found` false without one.
struct Cut {
  std::string_view before;
  std::string_view after;
  bool found;
};
Cut cut(std::string_view text, char separator);

// Without leading and trailing spaces, tabs, carriage returns and newlines.
std::string_view trim(std::string_view text);

std::string join(std::span<const std::string> parts, std::string_view separator);

// ASCII letters only; no locale.
std::string lower_case(std::string_view text);

}  // namespace ikada
