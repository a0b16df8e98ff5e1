#include "cmd/ikada-runtime/arguments.h"

#include "runtime/base/text.h"

namespace ikada {
namespace {

const Option* find_option(std::span<const Option> options, std::string_view name) {
  for (const Option& each : options) {
    if (each.name == name || (!each.letter.empty() && each.letter == name)) return &each;
  }
  return nullptr;
}

Result<bool> parse_flag(std::string_view name, std::string_view text) {
  if (text == "true") return true;
  if (text == "false") return false;
  return make_error(ErrorKind::kInvalid, "option {}: expected true or false", name);
}

// Takes one option and its value off the front of `words`.
Result<void> take_option(std::span<char* const>& words, std::span<const Option> options) {
  const std::string_view word = words.front();
  words = words.subspan(1);
  const Cut parts = word.starts_with("--") ? cut(word, '=') : Cut{word, {}, false};
  const Option* option = find_option(options, parts.before);
  if (option == nullptr) {
    return make_error(ErrorKind::kInvalid, "unknown option: {}", parts.before);
  }
  if (option->flag != nullptr) {
    *option->flag = true;
    if (parts.found) {
      IK_LET(value, parse_flag(parts.before, parts.after));
      *option->flag = value;
    }
    return {};
  }
  std::string_view value = parts.after;
  if (!parts.found) {
    if (words.empty()) {
      return make_error(ErrorKind::kInvalid, "option {} needs a value", parts.before);
    }
    value = words.front();
    words = words.subspan(1);
  }
  if (option->value != nullptr) *option->value = value;
  if (option->values != nullptr) option->values->emplace_back(value);
  return {};
}

bool is_option(std::string_view word) { return word.size() > 1 && word[0] == '-'; }

}  // namespace

Result<std::span<char* const>> parse_options(std::span<char* const> words,
                                             std::span<const Option> options) {
  while (!words.empty() && is_option(words.front())) {
    if (std::string_view(words.front()) == "--") return words.subspan(1);
    IK_TRY(take_option(words, options));
  }
  return words;
}

Result<std::vector<std::string>> parse_all(std::span<char* const> words,
                                           std::span<const Option> options) {
  std::vector<std::string> arguments;
  while (true) {
    IK_LET(rest, parse_options(words, options));
    if (rest.empty()) return arguments;
    arguments.emplace_back(rest.front());
    words = rest.subspan(1);
  }
}

}  // namespace ikada
