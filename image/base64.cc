#include "image/base64.h"

#include <algorithm>
#include <cstdint>

namespace ikada {
namespace {

constexpr std::string_view kAlphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr size_t kGroupBytes = 3;
constexpr size_t kGroupDigits = 4;

}  // namespace

std::string encode_base64(std::string_view bytes) {
  std::string text;
  for (size_t i = 0; i < bytes.size(); i += kGroupBytes) {
    const std::string_view group = bytes.substr(i, kGroupBytes);
    std::uint32_t bits = 0;
    for (size_t k = 0; k < kGroupBytes; ++k) {
      bits = (bits << 8) | (k < group.size() ? static_cast<unsigned char>(group[k]) : 0U);
    }
    for (size_t k = 0; k < kGroupDigits; ++k) {
      text += k <= group.size() ? kAlphabet[(bits >> (18 - 6 * k)) & 63U] : '=';
    }
  }
  return text;
}

Result<std::string> decode_base64(std::string_view text) {
  const Error invalid = make_error(ErrorKind::kInvalid, "not valid base64");
  if (text.size() % kGroupDigits != 0) return invalid;
  const size_t padding = static_cast<size_t>(text.ends_with("==")  ? 2
                                             : text.ends_with('=') ? 1
                                                                   : 0);
  std::string bytes;
  for (size_t i = 0; i < text.size(); i += kGroupDigits) {
    const bool is_last = i + kGroupDigits == text.size();
    const size_t digits = kGroupDigits - (is_last ? padding : 0);
    std::uint32_t bits = 0;
    for (size_t k = 0; k < kGroupDigits; ++k) {
      const size_t value = k < digits ? kAlphabet.find(text[i + k]) : 0;
      if (value == std::string_view::npos) return invalid;
      bits = (bits << 6) | static_cast<std::uint32_t>(value);
    }
    for (size_t k = 0; k + 1 < digits; ++k) bytes += static_cast<char>(bits >> (16 - 8 * k));
  }
  return bytes;
}

}  // namespace ikada
