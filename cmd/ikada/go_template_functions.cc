#include "cmd/ikada/go_template_functions.h"

#include <algorithm>
#include <array>
#include <vector>

#include "cmd/ikada/go_printf.h"
#include "runtime/base/text.h"

namespace ikada {
namespace {

using Arguments = std::span<const Json>;

template <typename... Args>
Error wrong(fmt::format_string<Args...> format, Args&&... args) {
  return make_error(ErrorKind::kInvalid, format, std::forward<Args>(args)...);
}

std::string upper_case(std::string_view text) {
  std::string upper(text);
  for (char& c : upper) {
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  }
  return upper;
}

Result<std::string> text_of(const Json& value, std::string_view function) {
  if (!value.is_string())
    return wrong("{}: expected a string, not {}", function, value.type_name());
  return value.get<std::string>();
}

Result<Json> json_text(Arguments arguments) {
  return Json(arguments[0].dump(-1, ' ', false, Json::error_handler_t::replace));
}

// What one index of {{index .X "key" 0}} finds; null for a key that is not there.
Result<Json> index_once(const Json& value, const Json& key) {
  if (value.is_null()) return wrong("index of nil");
  if (value.is_object()) {
    if (!key.is_string()) return wrong("index: expected a string, not {}", key.dump());
    const auto found = value.find(key.get_ref<const std::string&>());
    return found == value.end() ? Json() : *found;
  }
  if (!key.is_number_integer()) return wrong("index: expected an integer, not {}", key.dump());
  const auto position = key.get<std::int64_t>();
  const size_t size = value.is_string() ? value.get_ref<const std::string&>().size() : value.size();
  if (!value.is_array() && !value.is_string()) {
    return wrong("index: can't index a {}", value.type_name());
  }
  if (position < 0 || static_cast<size_t>(position) >= size) {
    return wrong("index out of range: {}", position);
  }
  const auto at = static_cast<size_t>(position);
  if (value.is_array()) return value[at];
  return Json(static_cast<unsigned char>(value.get_ref<const std::string&>()[at]));
}

Result<Json> index(Arguments arguments) {
  Json value = arguments[0];
  for (const Json& key : arguments.subspan(1)) {
    IK_LET(next, index_once(value, key));
    value = std::move(next);
  }
  // A missing key of a map of strings is the empty string in Go.
  if (value.is_null() && arguments.size() > 1) return Json("");
  return value;
}

Result<Json> length(Arguments arguments) {
  const Json& value = arguments[0];
  if (value.is_string()) return Json(value.get_ref<const std::string&>().size());
  if (value.is_array() || value.is_object() || value.is_null()) return Json(value.size());
  return wrong("len of a {}", value.type_name());
}

Result<Json> slice(Arguments arguments) {
  const Json& value = arguments[0];
  if (!value.is_string() && !value.is_array()) return wrong("slice of a {}", value.type_name());
  const size_t size = value.is_string() ? value.get_ref<const std::string&>().size() : value.size();
  std::array<size_t, 2> bounds = {0, size};
  for (size_t i = 1; i < arguments.size(); ++i) {
    if (!arguments[i].is_number_integer()) return wrong("slice: expected an integer");
    const auto bound = arguments[i].get<std::int64_t>();
    if (bound < 0 || static_cast<size_t>(bound) > size)
      return wrong("index out of range: {}", bound);
    bounds[i - 1] = static_cast<size_t>(bound);
  }
  if (bounds[0] > bounds[1]) return wrong("invalid slice index: {} > {}", bounds[0], bounds[1]);
  if (value.is_string()) {
    return Json(value.get_ref<const std::string&>().substr(bounds[0], bounds[1] - bounds[0]));
  }
  Json part = Json::array();
  for (size_t i = bounds[0]; i < bounds[1]; ++i) part.push_back(value[i]);
  return part;
}

Result<Json> join_list(Arguments arguments) {
  if (arguments[0].is_null()) return Json("");
  if (!arguments[0].is_array()) return wrong("join: expected a list");
  IK_LET(separator, text_of(arguments[1], "join"));
  std::vector<std::string> parts;
  for (const Json& item : arguments[0]) parts.push_back(print_value(item));
  return Json(join(parts, separator));
}

Result<Json> split_text(Arguments arguments) {
  IK_LET(text, text_of(arguments[0], "split"));
  IK_LET(separator, text_of(arguments[1], "split"));
  Json parts = Json::array();
  size_t start = 0;
  while (!separator.empty()) {
    const size_t end = text.find(separator, start);
    if (end == std::string::npos) break;
    parts.push_back(text.substr(start, end - start));
    start = end + separator.size();
  }
  parts.push_back(text.substr(start));
  return parts;
}

Result<Json> title(Arguments arguments) {
  IK_LET(text, text_of(arguments[0], "title"));
  for (size_t i = 0; i < text.size(); ++i) {
    if (i == 0 || text[i - 1] == ' ') text[i] = upper_case(text.substr(i, 1))[0];
  }
  return Json(text);
}

Result<Json> lower(Arguments arguments) {
  IK_LET(text, text_of(arguments[0], "lower"));
  return Json(lower_case(text));
}

Result<Json> upper(Arguments arguments) {
  IK_LET(text, text_of(arguments[0], "upper"));
  return Json(upper_case(text));
}

// {{pad .Name 1 2}}: one space in front, two behind.
Result<Json> pad(Arguments arguments) {
  IK_LET(text, text_of(arguments[0], "pad"));
  std::array<size_t, 2> widths{};
  constexpr std::int64_t kMaxPadding = 1000;
  for (size_t i = 0; i < widths.size(); ++i) {
    const Json& width = arguments[i + 1];
    if (!width.is_number_integer()) return wrong("pad: expected an integer");
    widths[i] =
        static_cast<size_t>(std::clamp<std::int64_t>(width.get<std::int64_t>(), 0, kMaxPadding));
  }
  if (text.empty()) return Json(text);
  return Json(std::string(widths[0], ' ') + text + std::string(widths[1], ' '));
}

Result<Json> truncate(Arguments arguments) {
  IK_LET(text, text_of(arguments[0], "truncate"));
  if (!arguments[1].is_number_integer()) return wrong("truncate: expected an integer");
  const auto size = arguments[1].get<std::int64_t>();
  if (size >= 0 && static_cast<size_t>(size) < text.size()) text.resize(static_cast<size_t>(size));
  return Json(text);
}

Result<Json> equal(Arguments arguments) {
  return Json(std::ranges::any_of(arguments.subspan(1),
                                  [&](const Json& other) { return other == arguments[0]; }));
}

Result<Json> not_equal(Arguments arguments) { return Json(arguments[0] != arguments[1]); }

Result<bool> is_less(const Json& left, const Json& right) {
  const bool comparable =
      (left.is_number() && right.is_number()) || (left.is_string() && right.is_string());
  if (!comparable) return wrong("incompatible types for comparison");
  return left < right;
}

Result<Json> less(Arguments arguments) {
  IK_LET(result, is_less(arguments[0], arguments[1]));
  return Json(result);
}

Result<Json> less_or_equal(Arguments arguments) {
  IK_LET(result, is_less(arguments[1], arguments[0]));
  return Json(!result);
}

Result<Json> greater(Arguments arguments) {
  IK_LET(result, is_less(arguments[1], arguments[0]));
  return Json(result);
}

Result<Json> greater_or_equal(Arguments arguments) {
  IK_LET(result, is_less(arguments[0], arguments[1]));
  return Json(!result);
}

Result<Json> logical_not(Arguments arguments) { return Json(!is_true(arguments[0])); }

Result<Json> logical_and(Arguments arguments) {
  const auto found = std::ranges::find_if_not(arguments, is_true);
  return found == arguments.end() ? arguments.back() : *found;
}

Result<Json> logical_or(Arguments arguments) {
  const auto found = std::ranges::find_if(arguments, is_true);
  return found == arguments.end() ? arguments.back() : *found;
}

Result<Json> print_line(Arguments arguments) {
  std::string line;
  for (size_t i = 0; i < arguments.size(); ++i) {
    if (i > 0) line += ' ';
    line += print_value(arguments[i]);
  }
  return Json(line + "\n");
}

Result<Json> print_all(Arguments arguments) {
  std::string text;
  for (size_t i = 0; i < arguments.size(); ++i) {
    const bool spaced = i > 0 && !arguments[i].is_string() && !arguments[i - 1].is_string();
    if (spaced) text += ' ';
    text += print_value(arguments[i]);
  }
  return Json(text);
}

Result<Json> print_formatted(Arguments arguments) {
  IK_LET(format, text_of(arguments[0], "printf"));
  return Json(go_printf(format, arguments.subspan(1)));
}

struct Function {
  std::string_view name;
  size_t least;
  size_t most;
  Result<Json> (*call)(Arguments);
};

constexpr size_t kAny = 1000;

constexpr std::array kFunctions = {
    Function{"and", 1, kAny, logical_and},
    Function{"eq", 2, kAny, equal},
    Function{"ge", 2, 2, greater_or_equal},
    Function{"gt", 2, 2, greater},
    Function{"index", 1, kAny, index},
    Function{"join", 2, 2, join_list},
    Function{"json", 1, 1, json_text},
    Function{"le", 2, 2, less_or_equal},
    Function{"len", 1, 1, length},
    Function{"lower", 1, 1, lower},
    Function{"lt", 2, 2, less},
    Function{"ne", 2, 2, not_equal},
    Function{"not", 1, 1, logical_not},
    Function{"or", 1, kAny, logical_or},
    Function{"pad", 3, 3, pad},
    Function{"print", 0, kAny, print_all},
    Function{"printf", 1, kAny, print_formatted},
    Function{"println", 0, kAny, print_line},
    Function{"slice", 1, 3, slice},
    Function{"split", 2, 2, split_text},
    Function{"title", 1, 1, title},
    Function{"truncate", 2, 2, truncate},
    Function{"upper", 1, 1, upper},
};

const Function* find_function(std::string_view name) {
  const auto* const found = std::ranges::find(kFunctions, name, &Function::name);
  return found == kFunctions.end() ? nullptr : found;
}

}  // namespace

bool is_true(const Json& value) {
  if (value.is_boolean()) return value.get<bool>();
  if (value.is_number()) return value != Json(0);
  if (value.is_string()) return !value.get_ref<const std::string&>().empty();
  return !value.empty();
}

bool is_template_function(std::string_view name) { return find_function(name) != nullptr; }

Result<Json> call_template_function(std::string_view name, Arguments arguments) {
  const Function* function = find_function(name);
  if (function == nullptr) return wrong("function \"{}\" not defined", name);
  if (arguments.size() < function->least || arguments.size() > function->most) {
    return wrong("wrong number of arguments for {}: got {}", name, arguments.size());
  }
  return function->call(arguments);
}

std::string print_value(const Json& value) {
  switch (value.type()) {
    case Json::value_t::null:
      return "<no value>";
    case Json::value_t::string:
      return value.get<std::string>();
    case Json::value_t::array: {
      std::vector<std::string> parts;
      for (const Json& item : value) parts.push_back(print_value(item));
      return "[" + join(parts, " ") + "]";
    }
    case Json::value_t::object: {
      std::vector<std::string> parts;
      for (const auto& item : value.items()) {
        parts.push_back(item.key() + ":" + print_value(item.value()));
      }
      return "map[" + join(parts, " ") + "]";
    }
    case Json::value_t::number_float:
      return fmt::format("{:g}", value.get<double>());
    default:
      return value.dump();
  }
}

}  // namespace ikada
