#include "image/dockerfile/instruction.h"

#include <algorithm>
#include <array>
#include <initializer_list>

#include "image/dockerfile/instruction_words.h"
#include "runtime/base/number.h"
#include "runtime/base/text.h"

namespace ikada {
namespace {

struct Line {
  const LogicalLine& logical;
  std::string_view rest;
  char escape;
};

template <typename... Args>
Error invalid(fmt::format_string<Args...> format, Args&&... args) {
  return make_error(ErrorKind::kInvalid, format, std::forward<Args>(args)...);
}

Result<InstructionFlags> flags_of(const Line& line, std::initializer_list<std::string_view> known) {
  InstructionFlags taken = take_flags(line.rest, line.escape);
  for (const auto& [name, value] : taken.flags) {
    if (std::find(known.begin(), known.end(), name) == known.end()) {
      return invalid("unknown flag: --{}", name);
    }
  }
  return taken;
}

// A flag that may stand alone: --link, --link=false.
Result<bool> flag_is_set(const std::string& name, const std::optional<std::string>& value) {
  if (!value.has_value() || *value == "true" || *value == "1") return true;
  if (*value == "false" || *value == "0") return false;
  return invalid("--{}: expected true or false, not {}", name, *value);
}

Result<std::string> flag_value(const std::string& name, const std::optional<std::string>& value) {
  if (!value.has_value()) return invalid("--{}: missing a value", name);
  return *value;
}

Result<void> need_arguments(std::string_view rest) {
  if (rest.empty()) return invalid("requires at least one argument");
  return {};
}

Result<InstructionBody> parse_from(const Line& line) {
  IK_LET(taken, flags_of(line, {"platform"}));
  FromInstruction from;
  for (const auto& [name, value] : taken.flags) {
    IK_LET(text, flag_value(name, value));
    from.platform = std::move(text);
  }
  const std::vector<std::string> words = split_raw_words(taken.rest, line.escape);
  const bool named = words.size() == 3 && lower_case(words[1]) == "as";
  if (words.size() != 1 && !named) {
    return invalid("requires either one argument, or three: FROM <source> [AS <name>]");
  }
  from.image = words[0];
  if (!named) return from;
  from.name = lower_case(words[2]);
  const bool fits =
      from.name[0] >= 'a' && from.name[0] <= 'z' &&
      from.name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-_.") == std::string::npos;
  if (!fits || from.name == "scratch" || from.name == "context") {
    return invalid("invalid name for build stage: \"{}\"", words[2]);
  }
  return from;
}

Result<InstructionBody> parse_run(const Line& line) {
  IK_LET(taken, flags_of(line, {"mount", "network", "security"}));
  IK_TRY(need_arguments(taken.rest));
  RunInstruction run{.command = parse_command_line(taken.rest)};
  for (const auto& [name, value] : taken.flags) {
    IK_LET(text, flag_value(name, value));
    if (name == "mount") {
      run.mounts.push_back(text);
      // What needs no variables is judged now, with the line at hand.
      if (text.find('$') == std::string::npos) IK_TRY(parse_run_mount(text).map([](auto&&) {}));
    } else if (name == "network") {
      if (text != "default" && text != "none" && text != "host") {
        return invalid("--network: unknown mode {}", text);
      }
      run.network = text;
    } else if (text != "sandbox") {
      return invalid("--security={} is not supported", text);
    }
  }
  if (!run.command.is_shell && run.command.arguments.empty()) return invalid("an empty command");
  return run;
}

Result<void> apply_copy_flag(CopyInstruction& copy,
                             const std::string& name,
                             const std::optional<std::string>& value) {
  if (name == "link" || name == "parents" || name == "unpack" || name == "keep-git-dir") {
    IK_LET(set, flag_is_set(name, value));
    if (name == "link") copy.link = set;
    if (name == "parents") copy.parents = set;
    if (name == "unpack") copy.unpack = set;
    return {};
  }
  IK_LET(text, flag_value(name, value));
  if (name == "exclude") {
    copy.exclude.push_back(std::move(text));
    return {};
  }
  std::string& field = name == "from"    ? copy.from
                       : name == "chown" ? copy.chown
                       : name == "chmod" ? copy.chmod
                                         : copy.checksum;
  field = std::move(text);
  return {};
}

Result<InstructionBody> parse_copy(const Line& line, bool is_add) {
  Result<InstructionFlags> flags =
      is_add ? flags_of(line,
                        {"chown", "chmod", "link", "checksum", "exclude", "unpack", "keep-git-dir"})
             : flags_of(line, {"chown", "chmod", "link", "from", "exclude", "parents"});
  IK_LET(taken, std::move(flags));
  CopyInstruction copy{.is_add = is_add, .sources = {}, .destination = {}};
  for (const auto& [name, value] : taken.flags) IK_TRY(apply_copy_flag(copy, name, value));
  std::vector<std::string> words;
  if (auto json = parse_json_words(taken.rest); json.has_value()) {
    words = std::move(*json);
  } else {
    words = split_raw_words(taken.rest, line.escape);
  }
  if (words.size() < 2) {
    return invalid("requires at least two arguments, but only {} was provided", words.size());
  }
  copy.destination = std::move(words.back());
  words.pop_back();
  for (std::string& word : words) {
    HeredocMark mark;
    if (!line.logical.heredocs.empty() && parse_heredoc_mark(word, mark)) word = "<<" + mark.name;
    copy.sources.push_back(std::move(word));
  }
  HeredocMark mark;
  if (!line.logical.heredocs.empty() && parse_heredoc_mark(copy.destination, mark)) {
    return invalid("the destination cannot be a heredoc");
  }
  return copy;
}

bool is_variable_name(std::string_view name) {
  return !name.empty() && !(name[0] >= '0' && name[0] <= '9') &&
         std::all_of(name.begin(), name.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                  c == '_' || c == '.' || c == '-';
         });
}

Result<InstructionBody> parse_env(const Line& line) {
  IK_TRY(need_arguments(line.rest));
  IK_LET(variables, parse_assignments(line.rest, line.escape));
  for (const auto& [name, value] : variables) {
    if (name.empty()) return invalid("names can not be blank");
  }
  return EnvInstruction{std::move(variables)};
}

Result<InstructionBody> parse_label(const Line& line) {
  IK_TRY(need_arguments(line.rest));
  IK_LET(labels, parse_assignments(line.rest, line.escape));
  for (const auto& [name, value] : labels) {
    if (name.empty()) return invalid("names can not be blank");
  }
  return LabelInstruction{std::move(labels)};
}

Result<InstructionBody> parse_arg(const Line& line) {
  IK_TRY(need_arguments(line.rest));
  ArgInstruction arg;
  for (const std::string& word : split_raw_words(line.rest, line.escape)) {
    const Cut parts = cut(word, '=');
    if (!is_variable_name(parts.before)) return invalid("invalid name: \"{}\"", parts.before);
    arg.arguments.emplace_back(
        std::string(parts.before),
        parts.found ? std::optional<std::string>(parts.after) : std::nullopt);
  }
  return arg;
}

Result<std::string> one_argument(const Line& line) {
  if (line.rest.empty()) return invalid("requires exactly one argument");
  return std::string(line.rest);
}

Result<InstructionBody> parse_volume(const Line& line) {
  IK_TRY(need_arguments(line.rest));
  auto paths = parse_json_words(line.rest);
  if (!paths.has_value()) paths = split_raw_words(line.rest, line.escape);
  for (const std::string& path : *paths) {
    if (trim(path).empty()) return invalid("specified can not be an empty string");
  }
  return VolumeInstruction{std::move(*paths)};
}

Result<InstructionBody> parse_shell(const Line& line) {
  auto words = parse_json_words(line.rest);
  if (!words.has_value() || words->empty()) {
    return invalid("requires the arguments to be in JSON form");
  }
  return ShellInstruction{std::move(*words)};
}

Result<void> apply_healthcheck_flag(HealthcheckInstruction& check,
                                    const std::string& name,
                                    const std::optional<std::string>& value) {
  IK_LET(text, flag_value(name, value));
  if (name == "retries") {
    IK_LET(retries, parse_unsigned(text, 1'000'000).context("--retries"));
    check.retries = static_cast<int>(retries);
    return {};
  }
  IK_LET(duration, parse_go_duration(text).context("--{}", name));
  if (duration != 0 && duration < 1'000'000) return invalid("--{} must be at least 1ms", name);
  std::int64_t& field = name == "interval"       ? check.interval_ns
                        : name == "timeout"      ? check.timeout_ns
                        : name == "start-period" ? check.start_period_ns
                                                 : check.start_interval_ns;
  field = duration;
  return {};
}

Result<InstructionBody> parse_healthcheck(const Line& line) {
  IK_LET(taken,
         flags_of(line, {"interval", "timeout", "start-period", "start-interval", "retries"}));
  HealthcheckInstruction check;
  const std::string_view rest = taken.rest;
  const size_t space = std::min(rest.find_first_of(" \t"), rest.size());
  const std::string type = lower_case(rest.substr(0, space));
  const std::string_view command = trim(rest.substr(space));
  if (type == "none") {
    if (!command.empty()) return invalid("NONE takes no arguments");
    check.none = true;
    return check;
  }
  if (type != "cmd") return invalid("unknown type \"{}\", expected CMD or NONE", type);
  for (const auto& [name, value] : taken.flags) {
    IK_TRY(apply_healthcheck_flag(check, name, value));
  }
  check.command = parse_command_line(command);
  if (command.empty() || check.command.arguments.empty()) return invalid("missing command");
  return check;
}

Result<InstructionBody> parse_onbuild(const Line& line) {
  IK_TRY(need_arguments(line.rest));
  std::string trigger(line.rest);
  for (const Heredoc& heredoc : line.logical.heredocs) {
    trigger += "\n" + heredoc.content + heredoc.name;
  }
  // The trigger must make sense by itself, so that the mistake shows here and not in another build.
  IK_LET(lines, split_logical_lines(trigger));
  if (lines.lines.size() != 1) return invalid("the trigger is no instruction");
  const std::string& keyword = lines.lines[0].keyword;
  if (keyword == "ONBUILD") return invalid("chaining ONBUILD via `ONBUILD ONBUILD` isn't allowed");
  if (keyword == "FROM" || keyword == "MAINTAINER") {
    return invalid("{} isn't allowed as an ONBUILD trigger", keyword);
  }
  Result<Instruction> parsed = parse_instruction(lines.lines[0], line.escape);
  if (!parsed.has_value()) {
    Error error = parsed.error();
    error.message = error.message.substr(error.message.find(' ') + 1);
    return error;
  }
  return OnbuildInstruction{std::move(trigger)};
}

Result<InstructionBody> parse_body(const Line& line) {
  const std::string& keyword = line.logical.keyword;
  if (keyword == "FROM") return parse_from(line);
  if (keyword == "RUN") return parse_run(line);
  if (keyword == "COPY") return parse_copy(line, false);
  if (keyword == "ADD") return parse_copy(line, true);
  if (keyword == "ENV") return parse_env(line);
  if (keyword == "LABEL") return parse_label(line);
  if (keyword == "ARG") return parse_arg(line);
  if (keyword == "VOLUME") return parse_volume(line);
  if (keyword == "SHELL") return parse_shell(line);
  if (keyword == "HEALTHCHECK") return parse_healthcheck(line);
  if (keyword == "ONBUILD") return parse_onbuild(line);
  // An empty CMD or ENTRYPOINT takes the base's away.
  if (keyword == "CMD") return CmdInstruction{parse_command_line(line.rest)};
  if (keyword == "ENTRYPOINT") return EntrypointInstruction{parse_command_line(line.rest)};
  if (keyword == "EXPOSE") {
    IK_TRY(need_arguments(line.rest));
    return ExposeInstruction{std::string(line.rest)};
  }
  for (const std::string_view known : {"WORKDIR", "USER", "STOPSIGNAL", "MAINTAINER"}) {
    if (keyword != known) continue;
    IK_LET(argument, one_argument(line));
    if (keyword == "WORKDIR") return WorkdirInstruction{std::move(argument)};
    if (keyword == "USER") return UserInstruction{std::move(argument)};
    if (keyword == "STOPSIGNAL") return StopSignalInstruction{std::move(argument)};
    return MaintainerInstruction{std::move(argument)};
  }
  return invalid("unknown instruction");
}

}  // namespace

Result<Instruction> parse_instruction(const LogicalLine& line, char escape) {
  IK_LET(body,
         parse_body({.logical = line, .rest = line.rest, .escape = escape})
             .context("{}: {}", line.number, line.keyword));
  return Instruction{.line = line.number,
                     .keyword = line.keyword,
                     .text = line.rest.empty() ? line.keyword : line.keyword + " " + line.rest,
                     .heredocs = line.heredocs,
                     .body = std::move(body)};
}

Result<std::int64_t> parse_go_duration(std::string_view text) {
  constexpr std::array<std::pair<std::string_view, double>, 7> kUnits = {
      {{"ns", 1}, {"us", 1e3}, {"µs", 1e3}, {"ms", 1e6}, {"s", 1e9}, {"m", 60e9}, {"h", 3600e9}}};
  if (text == "0") return 0;
  double total = 0;
  std::string_view rest = text;
  while (!rest.empty()) {
    const size_t digits = std::min(rest.find_first_not_of("0123456789."), rest.size());
    const Cut number = cut(rest.substr(0, digits), '.');
    const size_t unit_end = std::min(rest.find_first_of("0123456789.", digits), rest.size());
    const std::string_view unit = rest.substr(digits, unit_end - digits);
    const auto* const known = std::find_if(
        kUnits.begin(), kUnits.end(), [&](const auto& each) { return each.first == unit; });
    const auto whole = parse_unsigned(number.before.empty() ? "0" : number.before, 1U << 30);
    const auto part = parse_unsigned(number.after.empty() ? "0" : number.after, 1U << 30);
    if (digits == 0 || known == kUnits.end() || !whole.has_value() || !part.has_value()) {
      return invalid("invalid duration \"{}\"", text);
    }
    double fraction = static_cast<double>(*part);
    for (size_t i = 0; i < number.after.size(); ++i) fraction /= 10;
    total += (static_cast<double>(*whole) + fraction) * known->second;
    rest.remove_prefix(unit_end);
  }
  if (text.empty() || total > 9e18) return invalid("invalid duration \"{}\"", text);
  return static_cast<std::int64_t>(total);
}

}  // namespace ikada
