// ikada-runtime: the OCI runtime. See ikada-runtime(8).
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <algorithm>

#include "cmd/ikada-runtime/arguments.h"
#include "cmd/ikada-runtime/commands.h"
#include "cmd/ikada-runtime/monitor.h"
#include "runtime/base/clock.h"
#include "runtime/base/json.h"
#include "runtime/sys/file.h"
#include "runtime/sys/standard_streams.h"

namespace ikada {
namespace {

constexpr int kFailed = 1;
constexpr int kUsage = 2;

struct GlobalOptions {
  std::string root;
  std::string log;
  std::string log_format = "text";
  std::string rootless;
  std::string error_prefix;
  bool debug = false;
  bool systemd_cgroup = false;
  bool help = false;
  bool version = false;
};

Result<Words> parse_global(GlobalOptions& options, Words words) {
  const Option table[] = {
      {.name = "--root", .letter = "", .value = &options.root},
      {.name = "--log", .letter = "", .value = &options.log},
      {.name = "--log-format", .letter = "", .value = &options.log_format},
      {.name = "--rootless", .letter = "", .value = &options.rootless},
      {.name = "--error-prefix", .letter = "", .value = &options.error_prefix},
      {.name = "--debug", .letter = "", .flag = &options.debug},
      {.name = "--systemd-cgroup", .letter = "", .flag = &options.systemd_cgroup},
      {.name = "--help", .letter = "-h", .flag = &options.help},
      {.name = "--version", .letter = "-v", .flag = &options.version},
  };
  return parse_options(words, table);
}

// Engines read the log file for the reason of a failure: runc's format.
void write_log(const GlobalOptions& options, const std::string& message) {
  if (options.log.empty()) return;
  const Result<UniqueFd> file = open_file(options.log, O_WRONLY | O_APPEND | O_CREAT, 0600);
  if (!file.has_value()) return;
  std::string line;
  if (options.log_format == "json") {
    const Json entry = {{"level", "error"}, {"msg", message}, {"time", format_rfc3339(unix_now())}};
    line = entry.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
  } else {
    line = fmt::format("time=\"{}\" level=error msg={}\n",
                       format_rfc3339(unix_now()),
                       Json(message).dump(-1, ' ', false, Json::error_handler_t::replace));
  }
  static_cast<void>(write_all(file->get(), line).has_value());
}

Result<void> print_help() {
  std::string text = "usage: ikada-runtime [OPTIONS] COMMAND [ARGS]\n\ncommands:\n";
  for (const RuntimeCommand& each : runtime_commands()) {
    text += fmt::format("  {:<10} {}\n", each.name, each.summary);
  }
  text +=
      "\noptions:\n"
      "  --root DIR             where states are kept (/run/ikada/runtime)\n"
      "  --log FILE             append errors to FILE as well\n"
      "  --log-format FORMAT    text or json\n"
      "  --error-prefix TEXT    begin messages with TEXT instead of the command and the container\n"
      "  --systemd-cgroup       linux.cgroupsPath is slice:prefix:name\n"
      "  -h, --help             this help; behind a command, that command's\n"
      "  -v, --version          print the version\n";
  return print(text);
}

Result<void> print_version() {
  return print(fmt::format("ikada-runtime version {}\nspec: 1.0.2\n", IKADA_VERSION));
}

Result<void> print_usage(const RuntimeCommand& command) {
  return print(fmt::format("usage: ikada-runtime {} {}\n", command.name, command.usage));
}

const RuntimeCommand* find_command(std::string_view name) {
  for (const RuntimeCommand& each : runtime_commands()) {
    if (each.name == name) return &each;
  }
  return nullptr;
}

bool wants_help(Words words) {
  return !words.empty() && (::strcmp(words[0], "--help") == 0 || ::strcmp(words[0], "-h") == 0);
}

// With --error-prefix the text takes the place of our name and of "container ID".
std::string compose_message(const GlobalOptions& options,
                            std::string_view command,
                            std::string_view message) {
  if (options.error_prefix.empty()) {
    return fmt::format("ikada-runtime{}{}: {}\n", command.empty() ? "" : " ", command, message);
  }
  constexpr std::string_view kContainer = "container ";
  if (!message.starts_with(kContainer)) {
    return fmt::format("{}: {}\n", options.error_prefix, message);
  }
  const size_t id_end = message.find_first_of(": ", kContainer.size());
  message.remove_prefix(std::min(id_end, message.size()));
  return fmt::format("{}{}\n", options.error_prefix, message);
}

int report(const GlobalOptions& options, std::string_view command, const Error& error, int status) {
  const std::string message = compose_message(options, command, error.message);
  static_cast<void>(write_all(STDERR_FILENO, message).has_value());
  write_log(options, error.message);
  return status;
}

int finish(const GlobalOptions& options, std::string_view command, const Result<void>& printed) {
  return printed.has_value() ? 0 : report(options, command, printed.error(), kFailed);
}

int run_main(Words arguments) {
  GlobalOptions options;
  const Result<Words> rest = parse_global(options, arguments.subspan(1));
  if (!rest.has_value()) return report(options, "", rest.error(), kUsage);
  if (options.version) return finish(options, "", print_version());
  if (options.help || rest->empty()) return finish(options, "", print_help());
  const std::string_view name = rest->front();
  const RuntimeCommand* command = find_command(name);
  if (command == nullptr) {
    return report(
        options, "", make_error(ErrorKind::kInvalid, "unknown command: {}", name), kUsage);
  }
  const Words words = rest->subspan(1);
  if (wants_help(words)) return finish(options, name, print_usage(*command));
  RuntimeContext context;
  if (!options.root.empty()) context.state_root = options.root;
  context.systemd_cgroup = options.systemd_cgroup;
  context.arguments = arguments;
  const Result<int> status = command->run(context, words);
  if (status.has_value()) return *status;
  return report(options, command->name, status.error(), exit_status(status.error()));
}

}  // namespace
}  // namespace ikada

int main(int argc, char** argv) {
  ikada::open_missing_streams();
  if (argc >= 2 && ::strcmp(argv[1], "monitor") == 0) {
    return ikada::run_monitor_command(argc, argv);
  }
  return ikada::run_main({argv, static_cast<size_t>(argc)});
}
