#include "runtime/base/number.h"

#include <array>
#include <charconv>
#include <cmath>
#include <string>

namespace ikada {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// The power of 1024 that a unit stands for, or -1.
int exponent_of(std::string_view unit) {
  std::string lower;
  for (const char c : unit) lower += static_cast<char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
  if (lower.empty() || lower == "b") return 0;
  constexpr std::string_view kLetters = "kmgtp";
  const size_t index = kLetters.find(lower[0]);
  const std::string rest = lower.substr(1);
  if (index == std::string_view::npos || !(rest.empty() || rest == "b" || rest == "ib")) return -1;
  return static_cast<int>(index) + 1;
}

}  // namespace

Result<std::uint64_t> parse_unsigned(std::string_view text, std::uint64_t max) {
  std::uint64_t value = 0;
  const auto [end, status] = std::from_chars(text.data(), text.data() + text.size(), value, 10);
  if (text.empty() || status == std::errc::invalid_argument || end != text.data() + text.size()) {
    return make_error(ErrorKind::kInvalid, "not a number: \"{}\"", text);
  }
  if (status == std::errc::result_out_of_range || value > max) {
    return make_error(ErrorKind::kInvalid, "number out of range: {}", text);
  }
  return value;
}

Result<std::int64_t> parse_signed(std::string_view text, std::int64_t min, std::int64_t max) {
  std::int64_t value = 0;
  const auto [end, status] = std::from_chars(text.data(), text.data() + text.size(), value, 10);
  if (text.empty() || status == std::errc::invalid_argument || end != text.data() + text.size()) {
    return make_error(ErrorKind::kInvalid, "not a number: \"{}\"", text);
  }
  if (status == std::errc::result_out_of_range || value < min || value > max) {
    return make_error(ErrorKind::kInvalid, "number out of range: {}", text);
  }
  return value;
}

Result<std::uint64_t> parse_byte_size(std::string_view text) {
  size_t digits = 0;
  while (digits < text.size() && (is_digit(text[digits]) || text[digits] == '.')) ++digits;
  const std::string_view number = text.substr(0, digits);
  const int exponent = exponent_of(text.substr(digits));
  double value = 0;
  const auto [end, status] = std::from_chars(number.data(), number.data() + number.size(), value);
  if (number.empty() || !is_digit(number[0]) || status != std::errc() ||
      end != number.data() + number.size() || exponent < 0) {
    return make_error(ErrorKind::kInvalid, "not a size: \"{}\"", text);
  }
  value = std::ldexp(value, 10 * exponent);
  if (value >= 9223372036854775808.0) {
    return make_error(ErrorKind::kInvalid, "size out of range: {}", text);
  }
  return static_cast<std::uint64_t>(value);
}

std::string format_binary_size(std::uint64_t bytes) {
  constexpr std::array kUnits = {"B", "KiB", "MiB", "GiB", "TiB", "PiB"};
  double value = static_cast<double>(bytes);
  size_t unit = 0;
  while (value >= 1024 && unit + 1 < kUnits.size()) {
    value /= 1024;
    ++unit;
  }
  return fmt::format("{:.4g}{}", value, kUnits[unit]);
}

std::string format_decimal_size(std::uint64_t bytes) {
  constexpr std::array kUnits = {"B", "kB", "MB", "GB", "TB", "PB"};
  double value = static_cast<double>(bytes);
  size_t unit = 0;
  while (value >= 1000 && unit + 1 < kUnits.size()) {
    value /= 1000;
    ++unit;
  }
  return fmt::format("{:.3g}{}", value, kUnits[unit]);
}

}  // namespace ikada
