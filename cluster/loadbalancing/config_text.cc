#include "cluster/loadbalancing/config_text.h"

#include <vector>

#include <fmt/format.h>

namespace ikada {
namespace {

bool is_letter_or_digit(char byte) {
  return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
         (byte >= '0' && byte <= '9');
}

bool is_one_of(std::string_view signs, char byte) {
  return signs.find(byte) != std::string_view::npos;
}

std::string hex_escape(std::string_view prefix, char byte) {
  return fmt::format("{}{:02x}", prefix, static_cast<unsigned char>(byte));
}

std::string expression_for(char byte) {
  return is_letter_or_digit(byte) ? std::string(1, byte) : hex_escape("\\x", byte);
}

// The parts of a pattern between its '*', each as an expression.
std::vector<std::string> parts_between_stars(std::string_view pattern, std::string_view any) {
  std::vector<std::string> parts(1);
  for (size_t i = 0; i < pattern.size(); ++i) {
    const char byte = pattern[i];
    if (byte == '*') {
      parts.emplace_back();
    } else if (byte == '?') {
      parts.back() += any;
    } else if (byte == '\\' && i + 1 < pattern.size() && is_one_of("*?\\", pattern[i + 1])) {
      parts.back() += expression_for(pattern[++i]);
    } else {
      parts.back() += expression_for(byte);
    }
  }
  return parts;
}

}  // namespace

std::string config_word(std::string_view bytes) {
  std::string word;
  for (const char byte : bytes) {
    if (byte == '\0') continue;
    word += is_letter_or_digit(byte) || is_one_of("_./:-", byte) ? std::string(1, byte)
                                                                 : hex_escape("\\x", byte);
  }
  return word;
}

std::string section_name(std::string_view name) {
  std::string section;
  for (const char byte : name) {
    section += is_letter_or_digit(byte) || is_one_of(".:-", byte) ? std::string(1, byte)
                                                                  : hex_escape("_", byte);
  }
  return section;
}

bool is_plain_token(std::string_view text) {
  for (const char byte : text) {
    if (!is_letter_or_digit(byte) && !is_one_of("!#$%&*+.^_`|~-", byte)) return false;
  }
  return !text.empty();
}

bool is_plain_text(std::string_view text) {
  for (const char byte : text) {
    if (!is_letter_or_digit(byte) && !is_one_of("_./:=~-", byte)) return false;
  }
  return !text.empty() && text.front() != '-';
}

bool has_wildcard(std::string_view pattern) {
  return pattern.find_first_of("*?\\") != std::string_view::npos;
}

std::string wildcard_expression(std::string_view pattern, std::string_view any) {
  const std::vector<std::string> parts = parts_between_stars(pattern, any);
  std::string expression = parts.front();
  // A part in the middle may be taken where it is found first, for good: no going back over all
  // combinations, which would let a request keep the processor busy.
  for (size_t i = 1; i + 1 < parts.size(); ++i) {
    if (!parts[i].empty()) expression += fmt::format("(?>{}*?{})", any, parts[i]);
  }
  if (parts.size() > 1) expression += fmt::format("{}*{}", any, parts.back());
  return expression;
}

std::string url_text(std::string_view text) {
  std::string url;
  for (const char byte : text) {
    const bool may_stand = is_letter_or_digit(byte) || is_one_of("-._~:/?@!$&()*+,;=%", byte);
    url +=
        may_stand ? std::string(1, byte) : fmt::format("%{:02X}", static_cast<unsigned char>(byte));
  }
  return url;
}

std::string url_format(std::string_view text) {
  std::string format;
  for (const char byte : url_text(text)) format += byte == '%' ? "%%" : std::string(1, byte);
  return format;
}

std::string short_hash(std::string_view text) {
  std::uint64_t hash = 0xcbf29ce484222325U;
  for (const char byte : text) {
    hash ^= static_cast<unsigned char>(byte);
    hash *= 0x100000001b3U;
  }
  return fmt::format("{:016x}", hash);
}

}  // namespace ikada
