#include "runtime/base/printable.h"

#include <algorithm>

#include <fmt/core.h>

namespace ikada {
namespace {

// How many bytes of the text's begin are one character to be shown as it is; 0: none.
size_t shown_length(std::string_view text) {
  constexpr unsigned char kDelete = 0x7f;
  constexpr unsigned char kFirstOfTwo = 0xc2;  // 0x80 to 0xbf continue, 0xc0 and 0xc1 say too much.
  constexpr unsigned char kFirstOfThree = 0xe0;
  constexpr unsigned char kFirstOfFour = 0xf0;
  constexpr unsigned char kLast = 0xf4;
  const auto first = static_cast<unsigned char>(text[0]);
  if (first < kDelete) return first < ' ' ? 0 : 1;
  if (first < kFirstOfTwo || first > kLast) return 0;
  const size_t length = first < kFirstOfThree ? 2 : first < kFirstOfFour ? 3 : 4;
  const std::string_view character = text.substr(0, length);
  const bool is_whole = character.size() == length &&
                        std::all_of(character.begin() + 1, character.end(), [](char each) {
                          return (static_cast<unsigned char>(each) & 0xc0U) == 0x80U;
                        });
  if (!is_whole) return 0;
  // U+0080 to U+009F; U+2028 to U+202E; U+2066 to U+2069.
  const bool is_control = (character >= "\xc2\x80" && character <= "\xc2\x9f") ||
                          (character >= "\xe2\x80\xa8" && character <= "\xe2\x80\xae") ||
                          (character >= "\xe2\x81\xa6" && character <= "\xe2\x81\xa9");
  return is_control ? 0 : length;
}

}  // namespace

std::string printable(std::string_view text) {
  std::string shown;
  shown.reserve(text.size());
  while (!text.empty()) {
    const size_t length = shown_length(text);
    if (length > 0) {
      shown += text.substr(0, length);
    } else if (text[0] == '\n') {
      shown += "\\n";
    } else {
      shown += fmt::format("\\x{:02x}", static_cast<unsigned char>(text[0]));
    }
    text.remove_prefix(std::max<size_t>(length, 1));
  }
  return shown;
}

std::string in_quotes(std::string_view text) {
  std::string quoted = "\"";
  for (const char each : text) {
    if (each == '"' || each == '\\') quoted += '\\';
    quoted += each;
  }
  return printable(quoted + '"');
}

}  // namespace ikada
