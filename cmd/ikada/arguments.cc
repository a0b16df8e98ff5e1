#include "cmd/ikada/arguments.h"

#include <string_view>

#include <CLI/CLI.hpp>

#include "runtime/base/text.h"

namespace ikada {
namespace {

bool takes_value(const CLI::Option& option) { return option.get_items_expected_max() > 0; }

// "-it" is two flags, "-eA=b" an option and its value. True if the value is the next word.
Result<bool> check_short_options(const CLI::App& command, std::string_view word) {
  for (size_t i = 1; i < word.size(); ++i) {
    const CLI::Option* option = command.get_option_no_throw(std::string("-") + word[i]);
    if (option == nullptr) {
      return make_error(ErrorKind::kInvalid, "unknown shorthand flag: '{}' in {}", word[i], word);
    }
    if (takes_value(*option)) return i + 1 == word.size();
  }
  return false;
}

}  // namespace

Result<std::vector<std::string>> prepare_arguments(const CLI::App& command,
                                                   std::span<const std::string> words) {
  std::vector<std::string> prepared;
  size_t i = 0;
  const auto copy_rest = [&] {
    prepared.insert(prepared.end(), words.begin() + static_cast<std::ptrdiff_t>(i), words.end());
  };
  const bool stops_at_positional = command.get_prefix_command();
  for (; i < words.size(); ++i) {
    const std::string& word = words[i];
    if (word == "--") {
      // In front of an image CLI11 would take it for the end of the command.
      if (stops_at_positional) ++i;
      break;
    }
    if (word.size() < 2 || word[0] != '-') {
      if (stops_at_positional) break;
      prepared.push_back(word);
      continue;
    }
    bool value_follows = false;
    if (word[1] == '-') {
      const Cut parts = cut(word, '=');
      const std::string name(parts.before);
      const CLI::Option* option = command.get_option_no_throw(name);
      if (option == nullptr) return make_error(ErrorKind::kInvalid, "unknown flag: {}", name);
      value_follows = takes_value(*option) && !parts.found;
      if (takes_value(*option) && parts.found && parts.after.empty()) {
        prepared.push_back(name);
        prepared.emplace_back();
        continue;
      }
    } else {
      IK_LET(follows, check_short_options(command, word));
      value_follows = follows;
    }
    prepared.push_back(word);
    if (!value_follows) continue;
    if (i + 1 == words.size()) {
      return make_error(ErrorKind::kInvalid, "flag needs an argument: {}", word);
    }
    prepared.push_back(words[++i]);
  }
  copy_rest();
  return prepared;
}

}  // namespace ikada
