#include "cmd/ikada/go_printf.h"

#include <algorithm>
#include <optional>

#include "cmd/ikada/go_template_functions.h"

namespace ikada {
namespace {

constexpr size_t kMaxWidth = 1000;

struct Verb {
  bool left = false;
  bool zeros = false;
  bool plus = false;
  std::optional<size_t> width;
  std::optional<size_t> precision;
  char letter = 'v';
};

size_t read_number(std::string_view format, size_t& at) {
  size_t number = 0;
  while (at < format.size() && format[at] >= '0' && format[at] <= '9') {
    number = std::min(kMaxWidth, number * 10 + static_cast<size_t>(format[at++] - '0'));
  }
  return number;
}

// Reads what follows a percent sign.
Verb read_verb(std::string_view format, size_t& at) {
  Verb verb;
  while (at < format.size() &&
         std::string_view("-+# 0").find(format[at]) != std::string_view::npos) {
    verb.left |= format[at] == '-';
    verb.plus |= format[at] == '+';
    verb.zeros |= format[at] == '0';
    ++at;
  }
  if (at < format.size() && format[at] >= '1' && format[at] <= '9') {
    verb.width = read_number(format, at);
  }
  if (at < format.size() && format[at] == '.') {
    ++at;
    verb.precision = read_number(format, at);
  }
  verb.letter = at < format.size() ? format[at++] : '\0';
  return verb;
}

std::string type_word(const Json& value) {
  if (value.is_string()) return "string=";
  if (value.is_number_float()) return "float64=";
  if (value.is_number()) return "int=";
  if (value.is_boolean()) return "bool=";
  return "";
}

std::string mistake(const Verb& verb, const Json& value) {
  return fmt::format("%!{}({}{})", verb.letter, type_word(value), print_value(value));
}

std::string in_hexadecimal(const Verb& verb, const Json& value) {
  const bool upper = verb.letter == 'X';
  if (value.is_number_integer()) {
    const auto number = value.get<std::int64_t>();
    return upper ? fmt::format("{:X}", number) : fmt::format("{:x}", number);
  }
  if (!value.is_string()) return mistake(verb, value);
  std::string text;
  for (const char c : value.get_ref<const std::string&>()) {
    const auto byte = static_cast<unsigned char>(c);
    text += upper ? fmt::format("{:02X}", byte) : fmt::format("{:02x}", byte);
  }
  return text;
}

std::string as_real(const Verb& verb, const Json& value) {
  if (!value.is_number_float()) return mistake(verb, value);
  const auto number = value.get<double>();
  const int precision = static_cast<int>(verb.precision.value_or(6));
  if (verb.letter == 'f') return fmt::format("{:.{}f}", number, precision);
  if (verb.letter == 'e') return fmt::format("{:.{}e}", number, precision);
  return verb.precision ? fmt::format("{:.{}g}", number, precision) : fmt::format("{:g}", number);
}

std::string as_text(const Verb& verb, const Json& value) {
  if (value.is_null())
    return verb.letter == 'v' ? "<nil>" : fmt::format("%!{}(<nil>)", verb.letter);
  const bool suits = verb.letter == 'v' || !(value.is_number() || value.is_boolean());
  if (!suits) return mistake(verb, value);
  std::string text = print_value(value);
  if (verb.precision && verb.letter == 's') text.resize(std::min(text.size(), *verb.precision));
  if (verb.letter == 'q') return Json(text).dump(-1, ' ', false, Json::error_handler_t::replace);
  return text;
}

std::string format_one(const Verb& verb, const Json& value) {
  switch (verb.letter) {
    case 's':
    case 'v':
    case 'q':
      return as_text(verb, value);
    case 'd':
      if (!value.is_number_integer()) return mistake(verb, value);
      return (verb.plus && value >= Json(0) ? "+" : "") + value.dump();
    case 'x':
    case 'X':
      return in_hexadecimal(verb, value);
    case 't':
      return value.is_boolean() ? value.dump() : mistake(verb, value);
    case 'f':
    case 'e':
    case 'g':
      return as_real(verb, value);
    case 'c':
      if (!value.is_number_integer()) return mistake(verb, value);
      return {static_cast<char>(value.get<std::int64_t>())};
    default:
      return mistake(verb, value);
  }
}

std::string padded(const Verb& verb, std::string text) {
  const auto characters = static_cast<size_t>(std::ranges::count_if(
      text, [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
  if (!verb.width || characters >= *verb.width) return text;
  const size_t missing = *verb.width - characters;
  if (verb.left) return text + std::string(missing, ' ');
  const bool zeros = verb.zeros && verb.letter != 's' && verb.letter != 'v' && verb.letter != 'q';
  if (!zeros) return std::string(missing, ' ') + text;
  const size_t sign = !text.empty() && (text.front() == '-' || text.front() == '+') ? 1 : 0;
  return text.insert(sign, missing, '0');
}

}  // namespace

std::string go_printf(std::string_view format, std::span<const Json> arguments) {
  std::string out;
  size_t next = 0;
  for (size_t at = 0; at < format.size();) {
    if (format[at] != '%') {
      out += format[at++];
      continue;
    }
    ++at;
    const Verb verb = read_verb(format, at);
    if (verb.letter == '\0') {
      out += "%!(NOVERB)";
    } else if (verb.letter == '%') {
      out += '%';
    } else if (next >= arguments.size()) {
      out += fmt::format("%!{}(MISSING)", verb.letter);
    } else {
      out += padded(verb, format_one(verb, arguments[next++]));
    }
  }
  if (next < arguments.size()) {
    out += "%!(EXTRA ";
    for (size_t i = next; i < arguments.size(); ++i) {
      out += (i > next ? ", " : "") + type_word(arguments[i]) + print_value(arguments[i]);
    }
    out += ")";
  }
  return out;
}

}  // namespace ikada
