#include "image/build/stage_plan.h"

#include <algorithm>

#include "runtime/base/json.h"
#include "runtime/base/number.h"
#include "runtime/base/text.h"

namespace ikada {
namespace {

Error invalid_instruction(std::string what) {
  return Error{.kind = ErrorKind::kInvalid, .message = std::move(what)};
}

std::string json_text(const std::vector<std::string>& words) {
  return Json(words).dump(-1, ' ', false, Json::error_handler_t::replace);
}

void set_env(std::vector<std::string>& env, const std::string& name, const std::string& value) {
  for (std::string& each : env) {
    if (each.size() > name.size() && each.starts_with(name) && each[name.size()] == '=') {
      each = fmt::format("{}={}", name, value);
      return;
    }
  }
  env.push_back(fmt::format("{}={}", name, value));
}

void add_once(std::vector<std::string>& list, const std::string& item) {
  if (std::find(list.begin(), list.end(), item) == list.end()) list.push_back(item);
}

// One instruction at a time; the settings before it are what variables mean.
class StepPlanner {
 public:
  StepPlanner(const Instruction& instruction,
              const BuildVariables& variables,
              char escape,
              StageSettings& settings)
      : instruction_(instruction),
        variables_(variables),
        settings_(settings),
        expansion_{.find = [this](auto name) { return before_.find_variable(name); },
                   .escape = escape},
        before_(settings) {}

  Result<PlannedStep> run() {
    step_ = {.line = instruction_.line,
             .keyword = instruction_.keyword,
             .text = instruction_.text,
             .created_by = instruction_.text,
             .action = {}};
    IK_TRY(std::visit([this](const auto& body) { return plan(body); }, instruction_.body));
    return std::move(step_);
  }

 private:
  Result<std::string> expand(std::string_view text) const { return expand_word(text, expansion_); }

  Result<void> plan(const FromInstruction&) { return invalid_instruction("out of place"); }

  Result<void> plan(const RunInstruction& run) {
    RunStep step{.arguments = command_words(run.command),
                 .environment = run_environment(),
                 .working_dir = working_dir(),
                 .user = settings_.config.user,
                 .network = run.network,
                 .mounts = {}};
    for (const std::string& raw : run.mounts) {
      IK_LET(text, expand_text(raw, expansion_));
      IK_LET(mount, parse_run_mount(text));
      // A secret may be a variable alone.
      if (!mount.target.empty()) {
        mount.target = resolve_path(step.working_dir, mount.target);
        if (mount.target == "/") return invalid_instruction("--mount: the target cannot be /");
        if (mount.target.ends_with('/')) mount.target.pop_back();
      }
      step.mounts.push_back(std::move(mount));
    }
    if (run.command.is_shell) take_heredocs(run.command.arguments[0], step);
    step_.created_by = "RUN " + argument_prefix() + join(step.arguments, " ");
    if (!step.script.empty()) step_.created_by += "\n" + step.script;
    step_.action = std::move(step);
    return {};
  }

  std::string working_dir() const {
    return settings_.config.working_dir.empty() ? "/" : settings_.config.working_dir;
  }

  std::vector<std::string> command_words(const CommandLine& command) const {
    if (!command.is_shell) return command.arguments;
    std::vector<std::string> words = settings_.config.shell;
    if (words.empty()) words = {"/bin/sh", "-c"};
    words.insert(words.end(), command.arguments.begin(), command.arguments.end());
    return words;
  }

  // ARGs first, so that ENV has the last word; proxies are added where the step is run.
  std::vector<std::string> run_environment() const {
    std::vector<std::string> env;
    for (const auto& [name, value] : settings_.arguments) set_env(env, name, value);
    for (const std::string& each : settings_.config.env) {
      const Cut parts = cut(each, '=');
      set_env(env, std::string(parts.before), std::string(parts.after));
    }
    return env;
  }

  // Docker's history shows "|1 a=b" in front of a command that ARGs could have changed.
  std::string argument_prefix() const {
    if (settings_.arguments.empty()) return "";
    std::string prefix = fmt::format("|{}", settings_.arguments.size());
    for (const auto& [name, value] : settings_.arguments) {
      prefix += fmt::format(" {}={}", name, value);
    }
    return prefix + " ";
  }

  // Here-documents are a part of what the shell reads. One that stands alone is the script itself.
  void take_heredocs(const std::string& line, RunStep& step) const {
    const std::vector<Heredoc>& heredocs = instruction_.heredocs;
    if (heredocs.empty()) return;
    HeredocMark mark;
    const bool alone = heredocs.size() == 1 && parse_heredoc_mark(trim(line), mark);
    if (alone && heredocs[0].content.starts_with("#!")) {
      step.script_name = heredocs[0].name;
      step.script = heredocs[0].content;
      step.arguments = {"/dev/pipes/" + heredocs[0].name};
      return;
    }
    std::string& text = step.arguments.back();
    if (alone) {
      text = heredocs[0].content;
      return;
    }
    for (const Heredoc& each : heredocs) text += "\n" + each.content + each.name;
  }

  Result<void> plan(const CopyInstruction& copy) {
    CopyStep step{.is_add = copy.is_add,
                  .link = copy.link,
                  .parents = copy.parents,
                  .unpack = copy.unpack,
                  .from = copy.from,
                  .checksum = copy.checksum,
                  .exclude = copy.exclude};
    for (const std::string& raw : copy.sources) {
      const Heredoc* heredoc = find_heredoc(raw);
      if (heredoc == nullptr) {
        IK_LET(source, expand(raw));
        step.sources.push_back(std::move(source));
        continue;
      }
      InlineFile file{.name = heredoc->name, .content = heredoc->content};
      if (heredoc->expands) {
        IK_LET(content, expand_text(heredoc->content, expansion_));
        file.content = std::move(content);
      }
      step.files.push_back(std::move(file));
    }
    IK_LET(destination, expand(copy.destination));
    if (destination.empty()) return invalid_instruction("the destination is empty");
    step.destination = resolve_path(working_dir(), destination);
    if (step.sources.size() + step.files.size() > 1 && !step.destination.ends_with('/')) {
      return invalid_instruction(
          "with more than one source file, the destination must be a directory and end with a /");
    }
    IK_LET(chown, expand(copy.chown));
    step.chown = std::move(chown);
    IK_LET(chmod, expand(copy.chmod));
    if (!chmod.empty()) {
      IK_LET(change, ModeChange::parse(chmod));
      step.chmod = std::move(change);
    }
    step_.created_by = fmt::format("{} {}",
                                   instruction_.keyword,
                                   instruction_.text.substr(std::min(
                                       instruction_.keyword.size() + 1, instruction_.text.size())));
    step_.action = std::move(step);
    return {};
  }

  const Heredoc* find_heredoc(const std::string& source) const {
    if (!source.starts_with("<<")) return nullptr;
    for (const Heredoc& each : instruction_.heredocs) {
      if (each.name == source.substr(2)) return &each;
    }
    return nullptr;
  }

  Result<void> plan(const EnvInstruction& env) {
    step_.created_by = "ENV";
    for (const auto& [raw_name, raw_value] : env.variables) {
      IK_LET(name, expand(raw_name));
      IK_LET(value, expand(raw_value));
      if (name.empty()) return invalid_instruction("names can not be blank");
      set_env(settings_.config.env, name, value);
      step_.created_by += fmt::format(" {}={}", name, value);
    }
    return {};
  }

  Result<void> plan(const LabelInstruction& label) {
    step_.created_by = "LABEL";
    for (const auto& [raw_name, raw_value] : label.labels) {
      IK_LET(name, expand(raw_name));
      IK_LET(value, expand(raw_value));
      step_.created_by += fmt::format(" {}={}", name, value);
      settings_.config.labels[name] = std::move(value);
    }
    return {};
  }

  Result<void> plan(const ArgInstruction& arg) {
    step_.created_by = "ARG";
    for (const auto& argument : arg.arguments) {
      const auto& [name, raw_default] = argument;
      std::optional<std::string> preset;
      if (raw_default.has_value()) {
        IK_LET(value, expand(*raw_default));
        preset = std::move(value);
      }
      const std::optional<std::string> value = variables_.value_of(name, preset);
      step_.created_by += fmt::format(" {}{}", name, value.has_value() ? "=" + *value : "");
      std::erase_if(settings_.arguments,
                    [&](const auto& each) { return each.first == argument.first; });
      if (value.has_value()) settings_.arguments.emplace_back(name, *value);
    }
    return {};
  }

  Result<void> plan(const WorkdirInstruction& workdir) {
    IK_LET(path, expand(workdir.path));
    if (path.empty()) return invalid_instruction("the path is empty");
    std::string absolute = resolve_path(working_dir(), path);
    if (absolute.size() > 1 && absolute.ends_with('/')) absolute.pop_back();
    settings_.config.working_dir = absolute;
    step_.created_by = "WORKDIR " + absolute;
    if (absolute != "/") {
      step_.action = MakeDirectoryStep{.path = absolute, .user = settings_.config.user};
    }
    return {};
  }

  Result<void> plan(const UserInstruction& user) {
    IK_LET(name, expand(user.user));
    settings_.config.user = name;
    step_.created_by = "USER " + name;
    return {};
  }

  Result<void> plan(const ExposeInstruction& expose) {
    IK_LET(words, expand_words(expose.ports, expansion_));
    for (const std::string& word : words) {
      const Cut protocol = cut(word, '/');
      const std::string kind = protocol.found ? lower_case(protocol.after) : "tcp";
      const Cut range = cut(protocol.before, '-');
      const auto first = parse_unsigned(range.before, UINT16_MAX);
      const auto last = range.found ? parse_unsigned(range.after, UINT16_MAX) : first;
      const bool known = kind == "tcp" || kind == "udp" || kind == "sctp";
      if (!known || !first.has_value() || !last.has_value() || *first == 0 || *last < *first) {
        return invalid_instruction("invalid containerPort: " + word);
      }
      for (std::uint64_t port = *first; port <= *last; ++port) {
        add_once(settings_.config.exposed_ports, fmt::format("{}/{}", port, kind));
      }
    }
    step_.created_by = "EXPOSE " + join(words, " ");
    return {};
  }

  Result<void> plan(const VolumeInstruction& volume) {
    for (const std::string& raw : volume.paths) {
      IK_LET(path, expand(raw));
      if (path.empty()) return invalid_instruction("specified can not be an empty string");
      add_once(settings_.config.volumes, path);
    }
    return {};
  }

  Result<void> plan(const EntrypointInstruction& entrypoint) {
    settings_.config.entrypoint = written_command(entrypoint.command);
    // The base's CMD was written for the base's ENTRYPOINT.
    if (!settings_.cmd_was_set) settings_.config.cmd.clear();
    step_.created_by = "ENTRYPOINT " + json_text(settings_.config.entrypoint);
    return {};
  }

  Result<void> plan(const CmdInstruction& cmd) {
    settings_.config.cmd = written_command(cmd.command);
    settings_.cmd_was_set = true;
    step_.created_by = "CMD " + json_text(settings_.config.cmd);
    return {};
  }

  std::vector<std::string> written_command(const CommandLine& command) const {
    if (command.is_shell && command.arguments[0].empty()) return {};
    return command_words(command);
  }

  Result<void> plan(const ShellInstruction& shell) {
    settings_.config.shell = shell.shell;
    step_.created_by = "SHELL " + json_text(shell.shell);
    return {};
  }

  Result<void> plan(const StopSignalInstruction& stop) {
    IK_LET(signal, expand(stop.signal));
    if (signal.empty()) return invalid_instruction("the signal is empty");
    settings_.config.stop_signal = signal;
    step_.created_by = "STOPSIGNAL " + signal;
    return {};
  }

  Result<void> plan(const HealthcheckInstruction& check) {
    ImageHealthcheck health{.test = {"NONE"}};
    if (!check.none) {
      health.test = {check.command.is_shell ? "CMD-SHELL" : "CMD"};
      health.test.insert(
          health.test.end(), check.command.arguments.begin(), check.command.arguments.end());
      health.interval_ns = check.interval_ns;
      health.timeout_ns = check.timeout_ns;
      health.start_period_ns = check.start_period_ns;
      health.start_interval_ns = check.start_interval_ns;
      health.retries = check.retries;
    }
    settings_.config.healthcheck = std::move(health);
    return {};
  }

  Result<void> plan(const OnbuildInstruction& onbuild) {
    settings_.config.on_build.push_back(onbuild.trigger);
    return {};
  }

  Result<void> plan(const MaintainerInstruction& maintainer) {
    settings_.config.author = maintainer.name;
    return {};
  }

  const Instruction& instruction_;
  const BuildVariables& variables_;
  StageSettings& settings_;
  WordExpansion expansion_;
  StageSettings before_;
  PlannedStep step_;
};

Json describe_mounts(const std::vector<RunMount>& mounts) {
  Json list = Json::array();
  for (const RunMount& each : mounts) {
    list.push_back({static_cast<int>(each.type),
                    each.target,
                    each.source,
                    each.from,
                    each.id,
                    each.environment,
                    each.read_only.has_value() ? Json(*each.read_only) : Json(),
                    each.mode.has_value() ? Json(*each.mode) : Json(),
                    each.uid,
                    each.gid});
  }
  return list;
}

Json describe(const std::monostate&) { return nullptr; }

Json describe(const RunStep& run) {
  return {{"run", run.arguments},
          {"env", run.environment},
          {"dir", run.working_dir},
          {"user", run.user},
          {"network", run.network},
          {"mounts", describe_mounts(run.mounts)},
          {"script", run.script}};
}

// Sources are left out: their names and content are in the digest of the files.
Json describe(const CopyStep& copy) {
  Json files = Json::array();
  for (const InlineFile& each : copy.files) files.push_back({each.name, each.content});
  return {{"copy", copy.destination},
          {"add", copy.is_add},
          {"link", copy.link},
          {"parents", copy.parents},
          {"unpack", copy.unpack.has_value() ? Json(*copy.unpack) : Json()},
          {"files", std::move(files)},
          {"chown", copy.chown},
          {"chmod", copy.chmod.has_value() ? Json(copy.chmod->text()) : Json()}};
}

Json describe(const MakeDirectoryStep& make) { return {{"mkdir", make.path}, {"user", make.user}}; }

}  // namespace

std::optional<std::string> StageSettings::find_variable(std::string_view name) const {
  for (const std::string& each : config.env) {
    const Cut parts = cut(each, '=');
    if (parts.before == name) return std::string(parts.after);
  }
  for (const auto& [argument, value] : arguments) {
    if (argument == name) return value;
  }
  if (name == "PATH") return std::string(std::string_view(kDefaultPath).substr(5));
  return std::nullopt;
}

Result<PlannedStep> plan_step(const Instruction& instruction,
                              const BuildVariables& variables,
                              char escape,
                              StageSettings& settings) {
  return StepPlanner(instruction, variables, escape, settings).run();
}

std::string describe_action(const StepAction& action) {
  return std::visit([](const auto& each) { return describe(each); }, action)
      .dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::string resolve_path(const std::string& working_dir, std::string_view path) {
  std::vector<std::string_view> parts;
  if (!path.starts_with('/')) {
    for (const std::string_view part : split(working_dir, '/')) {
      if (!part.empty()) parts.push_back(part);
    }
  }
  bool is_directory = path.empty();
  for (const std::string_view part : split(path, '/')) {
    is_directory = part.empty() || part == "." || part == "..";
    if (part.empty() || part == ".") continue;
    if (part == "..") {
      if (!parts.empty()) parts.pop_back();
      continue;
    }
    parts.push_back(part);
  }
  std::string absolute;
  for (const std::string_view part : parts) absolute.append("/").append(part);
  return is_directory || absolute.empty() ? absolute + "/" : absolute;
}

}  // namespace ikada
