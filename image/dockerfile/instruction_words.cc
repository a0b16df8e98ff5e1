#include "image/dockerfile/instruction_words.h"

#include "runtime/base/json.h"
#include "runtime/base/text.h"

namespace ikada {
namespace {

bool separates_words(char c) { return c == ' ' || c == '\t'; }

// The end of the word at the front of `text`, with quotes and escapes.
size_t word_end(std::string_view text, char escape) {
  char quote = '\0';
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (quote == '\0' && separates_words(c)) return i;
    if (c == escape && quote != '\'' && i + 1 < text.size()) {
      ++i;
    } else if (quote == '\0' && (c == '"' || c == '\'')) {
      quote = c;
    } else if (c == quote) {
      quote = '\0';
    }
  }
  return text.size();
}

// A flag's words are taken without their quotes, but their variables stay.
std::string without_quotes(std::string_view word, char escape) {
  std::string plain;
  char quote = '\0';
  for (size_t i = 0; i < word.size(); ++i) {
    const char c = word[i];
    if (c == escape && quote != '\'' && i + 1 < word.size()) {
      plain += word[++i];
    } else if (quote == '\0' && (c == '"' || c == '\'')) {
      quote = c;
    } else if (c == quote) {
      quote = '\0';
    } else {
      plain += c;
    }
  }
  return plain;
}

}  // namespace

InstructionFlags take_flags(std::string_view text, char escape) {
  InstructionFlags result;
  text = trim(text);
  while (text.starts_with("--")) {
    const size_t end = word_end(text, escape);
    const std::string word = without_quotes(text.substr(2, end - 2), escape);
    text = trim(text.substr(end));
    if (word.empty()) break;
    const Cut parts = cut(word, '=');
    result.flags.emplace_back(std::string(parts.before),
                              parts.found ? std::optional<std::string>(parts.after) : std::nullopt);
  }
  result.rest = text;
  return result;
}

std::optional<std::vector<std::string>> parse_json_words(std::string_view text) {
  if (!text.starts_with('[')) return std::nullopt;
  const Result<Json> json = parse_json(text);
  if (!json.has_value() || !json->is_array()) return std::nullopt;
  std::vector<std::string> words;
  for (const Json& each : *json) {
    if (!each.is_string()) return std::nullopt;
    words.push_back(each.get<std::string>());
  }
  return words;
}

CommandLine parse_command_line(std::string_view text) {
  std::optional<std::vector<std::string>> words = parse_json_words(text);
  if (words.has_value()) return {.is_shell = false, .arguments = std::move(*words)};
  return {.is_shell = true, .arguments = {std::string(text)}};
}

Result<RawAssignments> parse_assignments(std::string_view text, char escape) {
  const std::vector<std::string> words = split_raw_words(text, escape);
  RawAssignments assignments;
  if (words.empty()) return assignments;
  if (words[0].find('=') == std::string::npos) {
    const std::string_view value = trim(text.substr(words[0].size()));
    if (value.empty()) {
      return make_error(ErrorKind::kInvalid, "must have two arguments: {}", words[0]);
    }
    assignments.emplace_back(words[0], value);
    return assignments;
  }
  for (const std::string& word : words) {
    const Cut parts = cut(word, '=');
    if (!parts.found) {
      return make_error(
          ErrorKind::kInvalid, "can't find = in \"{}\", must be of the form: name=value", word);
    }
    assignments.emplace_back(parts.before, parts.after);
  }
  return assignments;
}

}  // namespace ikada
