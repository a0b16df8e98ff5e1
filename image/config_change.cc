#include "image/config_change.h"

#include <algorithm>
#include <array>
#include <utility>

#include "runtime/base/json.h"
#include "runtime/base/number.h"
#include "runtime/base/text.h"

namespace ikada {
namespace {

constexpr std::string_view kBlanks = " \t";

Error wrong(std::string_view why) { return make_error(ErrorKind::kInvalid, "{}", why); }

// The next word without its quotes and backslashes, taken off the front of `rest`.
Result<std::string> take_word(std::string_view& rest) {
  std::string word;
  char quote = '\0';
  size_t i = 0;
  for (; i < rest.size(); ++i) {
    const char c = rest[i];
    if (quote == '\0' && kBlanks.find(c) != std::string_view::npos) break;
    if (c == '\\' && quote != '\'' && i + 1 < rest.size()) {
      word += rest[++i];
    } else if (quote == '\0' && (c == '"' || c == '\'')) {
      quote = c;
    } else if (c == quote) {
      quote = '\0';
    } else {
      word += c;
    }
  }
  if (quote != '\0') return wrong("unexpected end of statement while looking for matching quote");
  rest = trim(rest.substr(i));
  return word;
}

Result<std::vector<std::string>> split_words(std::string_view text) {
  std::vector<std::string> words;
  for (std::string_view rest = trim(text); !rest.empty();) {
    IK_LET(word, take_word(rest));
    words.push_back(std::move(word));
  }
  return words;
}

// ["a", "b"], or nothing if the text is no such list.
bool read_list(std::string_view text, std::vector<std::string>& words) {
  const Result<Json> json = parse_json(trim(text));
  if (!json.has_value() || !json->is_array()) return false;
  std::vector<std::string> found;
  for (const Json& item : *json) {
    if (!item.is_string()) return false;
    found.push_back(item.get<std::string>());
  }
  words = std::move(found);
  return true;
}

std::vector<std::string> command_of(const ImageConfig& config, std::string_view text) {
  std::vector<std::string> words;
  if (read_list(text, words)) return words;
  words = config.shell.empty() ? std::vector<std::string>{"/bin/sh", "-c"} : config.shell;
  words.emplace_back(text);
  return words;
}

// "A=1 B=2", or "A 1" of old.
Result<std::vector<std::pair<std::string, std::string>>> parse_assignments(std::string_view text) {
  std::vector<std::pair<std::string, std::string>> found;
  const size_t blank = text.find_first_of(kBlanks);
  const std::string_view first = text.substr(0, blank);
  if (first.find('=') == std::string_view::npos && blank != std::string_view::npos) {
    found.emplace_back(first, trim(text.substr(blank)));
    return found;
  }
  IK_LET(words, split_words(text));
  for (const std::string& word : words) {
    const Cut parts = cut(word, '=');
    if (!parts.found || parts.before.empty()) {
      return wrong(fmt::format("syntax error - can't find = in \"{}\"; must be NAME=VALUE", word));
    }
    found.emplace_back(parts.before, parts.after);
  }
  return found;
}

void set_variable(std::vector<std::string>& env,
                  const std::string& name,
                  const std::string& value) {
  const auto found = std::find_if(env.begin(), env.end(), [&](const std::string& each) {
    return each.starts_with(name + "=");
  });
  if (found == env.end()) {
    env.push_back(fmt::format("{}={}", name, value));
  } else {
    *found = fmt::format("{}={}", name, value);
  }
}

void add_once(std::vector<std::string>& list, std::string value) {
  if (std::find(list.begin(), list.end(), value) == list.end()) list.push_back(std::move(value));
}

Result<void> change_env(std::string_view text, ImageConfig& config) {
  IK_LET(variables, parse_assignments(text));
  for (const auto& [name, value] : variables) set_variable(config.env, name, value);
  return {};
}

Result<void> change_labels(std::string_view text, ImageConfig& config) {
  IK_LET(labels, parse_assignments(text));
  for (const auto& [name, value] : labels) config.labels[name] = value;
  return {};
}

Result<void> change_ports(std::string_view text, ImageConfig& config) {
  IK_LET(words, split_words(text));
  for (const std::string& word : words) {
    const Cut parts = cut(word, '/');
    const std::string protocol = parts.found ? lower_case(parts.after) : "tcp";
    const Cut range = cut(parts.before, '-');
    const auto first = parse_unsigned(range.before, UINT16_MAX);
    const auto last = range.found ? parse_unsigned(range.after, UINT16_MAX) : first;
    if (!first.has_value() || !last.has_value() || *last < *first || protocol.empty()) {
      return wrong("invalid containerPort: " + word);
    }
    for (auto port = *first; port <= *last; ++port) {
      add_once(config.exposed_ports, fmt::format("{}/{}", port, protocol));
    }
  }
  return {};
}

Result<void> change_volumes(std::string_view text, ImageConfig& config) {
  std::vector<std::string> paths;
  if (!read_list(text, paths)) {
    IK_LET(words, split_words(text));
    paths = std::move(words);
  }
  for (std::string& path : paths) {
    if (path.empty()) return wrong("VOLUME specified can not be an empty string");
    add_once(config.volumes, std::move(path));
  }
  return {};
}

Result<void> change_shell(std::string_view text, ImageConfig& config) {
  if (!read_list(text, config.shell) || config.shell.empty()) {
    return wrong("SHELL requires the arguments to be in JSON form");
  }
  return {};
}

Result<void> change_health_check(std::string_view text, ImageConfig& config) {
  const Cut parts = cut(text, ' ');
  const std::string kind = lower_case(parts.before);
  if (kind == "none") {
    config.healthcheck = ImageHealthcheck{.test = {"NONE"}};
    return {};
  }
  if (kind != "cmd" || trim(parts.after).empty()) {
    return wrong("HEALTHCHECK: expected NONE or CMD and a command; options are for ikada build");
  }
  std::vector<std::string> words;
  if (read_list(parts.after, words)) {
    words.insert(words.begin(), "CMD");
  } else {
    words = {"CMD-SHELL", std::string(trim(parts.after))};
  }
  config.healthcheck = ImageHealthcheck{.test = std::move(words)};
  return {};
}

Result<void> change_directory(std::string_view text, ImageConfig& config) {
  const std::string base = config.working_dir.empty() ? "/" : config.working_dir;
  const std::string path = text.starts_with('/')
                               ? std::string(text)
                               : fmt::format("{}{}{}", base, base.ends_with('/') ? "" : "/", text);
  config.working_dir = path;
  return {};
}

Result<void> change_user(std::string_view text, ImageConfig& config) {
  config.user = text;
  return {};
}

Result<void> change_stop_signal(std::string_view text, ImageConfig& config) {
  config.stop_signal = text;
  return {};
}

Result<void> change_on_build(std::string_view text, ImageConfig& config) {
  config.on_build.emplace_back(text);
  return {};
}

Result<void> change_command(std::string_view text, ImageConfig& config) {
  config.cmd = command_of(config, text);
  return {};
}

Result<void> change_entrypoint(std::string_view text, ImageConfig& config) {
  config.entrypoint = command_of(config, text);
  return {};
}

struct Instruction {
  std::string_view name;
  Result<void> (*apply)(std::string_view text, ImageConfig& config);
};

constexpr std::array kInstructions = {
    Instruction{"cmd", change_command},
    Instruction{"entrypoint", change_entrypoint},
    Instruction{"env", change_env},
    Instruction{"expose", change_ports},
    Instruction{"healthcheck", change_health_check},
    Instruction{"label", change_labels},
    Instruction{"onbuild", change_on_build},
    Instruction{"shell", change_shell},
    Instruction{"stopsignal", change_stop_signal},
    Instruction{"user", change_user},
    Instruction{"volume", change_volumes},
    Instruction{"workdir", change_directory},
};

}  // namespace

Result<void> apply_config_changes(const std::vector<std::string>& lines, ImageConfig& config) {
  bool has_command = false;
  for (const std::string& line : lines) {
    const std::string_view text = trim(line);
    const size_t blank = text.find_first_of(kBlanks);
    const std::string name = lower_case(text.substr(0, blank));
    const auto* found = std::ranges::find(kInstructions, name, &Instruction::name);
    if (found == kInstructions.end()) return wrong(name + " is not a valid change command");
    const std::string_view rest = blank == std::string_view::npos ? "" : trim(text.substr(blank));
    if (rest.empty()) return wrong(line + ": requires at least one argument");
    IK_TRY(found->apply(rest, config).context("{}", line));
    if (name == "cmd") has_command = true;
    if (name == "entrypoint" && !has_command) config.cmd.clear();
  }
  return {};
}

}  // namespace ikada
