#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include <memory>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "cluster/engine/exec_process.h"
#include "cmd/ikada/commands.h"
#include "cmd/ikada/foreground.h"
#include "cmd/ikada/open_engine.h"
#include "cmd/ikada/option_grammar.h"
#include "runtime/monitor/detach_keys.h"
#include "runtime/sys/file.h"
#include "runtime/sys/spawn.h"

namespace ikada {
namespace {

constexpr int kNotExecutableStatus = 126;
constexpr int kNotFoundStatus = 127;

struct ExecOptions {
  std::vector<std::string> env;
  std::vector<std::string> env_files;
  std::string user;
  std::string working_dir;
  std::string detach_keys = "ctrl-p,ctrl-q";
  bool interactive = false;
  bool terminal = false;
  bool detach = false;
  bool privileged = false;
};

// A file without a name that ikada-runtime inherits.
Result<UniqueFd> write_process_file(const Json& process) {
  // NOLINTNEXTLINE(android-cloexec-memfd-create): that is what it is for.
  UniqueFd fd(::memfd_create("process.json", 0));
  if (!fd) return errno_error("memfd_create");
  IK_TRY(write_all(fd.get(), process.dump(-1, ' ', false, Json::error_handler_t::replace)));
  return fd;
}

Result<void> connect_stdin(const ExecOptions& options) {
  if (options.interactive) return {};
  // With a terminal the runtime copies from our stdin, which has to be something that ends nothing.
  IK_LET(null, open_file("/dev/null", O_RDWR));
  if (::dup2(null.get(), STDIN_FILENO) < 0) return errno_error("dup2");
  return {};
}

// What ikada-runtime has written to its log, which speaks of the container by its id.
Error reported_error(int log_fd, int status, const ContainerRecord& record) {
  constexpr size_t kMaxLog = size_t{64} << 10;
  Error error = make_error(ErrorKind::kSystem, "ikada-runtime ended with status {}", status);
  const Result<std::string> text = read_file(fmt::format("/proc/self/fd/{}", log_fd), kMaxLog);
  const Result<Json> entry = text.has_value() ? parse_json(*text) : text.error();
  if (entry.has_value() && entry->is_object()) error.message = entry->value("msg", error.message);
  const size_t id = error.message.find(record.id);
  if (id != std::string::npos) error.message.replace(id, record.id.size(), record.name);
  if (status == kNotExecutableStatus) error.code = kCommandNotExecutableCode;
  if (status == kNotFoundStatus) error.code = kCommandNotFoundCode;
  return error;
}

// The program has none of our streams, and so has ikada-runtime, which starts it: its words come by
// its log.
Result<int> run_detached(const std::string& program,
                         std::vector<std::string> arguments,
                         const ContainerRecord& record) {
  // NOLINTNEXTLINE(android-cloexec-memfd-create): ikada-runtime inherits it.
  const UniqueFd log(::memfd_create("log", 0));
  if (!log) return errno_error("memfd_create");
  arguments.insert(arguments.begin() + 1,
                   {"--log", fmt::format("/proc/self/fd/{}", log.get()), "--log-format", "json"});
  IK_LET(null, open_file("/dev/null", O_RDWR));
  SpawnOptions options;
  options.program = program;
  options.arguments = std::move(arguments);
  for (const int stream : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    options.fds.emplace_back(null.get(), stream);
  }
  IK_LET(child, spawn(options));
  IK_LET(status, wait_for_child(child));
  if (status.shell_status() == 0) return 0;
  return reported_error(log.get(), status.shell_status(), record);
}

// Returns only if it fails: ikada-runtime takes this process over.
Error become_runtime(const std::string& program, std::vector<std::string>& arguments) {
  std::vector<char*> argv;
  argv.reserve(arguments.size() + 1);
  for (std::string& each : arguments) argv.push_back(each.data());
  argv.push_back(nullptr);
  ::execv(program.c_str(), argv.data());
  return errno_error("execute {}", program);
}

std::vector<std::string> plan_options(const ExecOptions& options) {
  if (options.detach) return {"--detach"};
  std::vector<std::string> words;
  if (options.terminal) words.emplace_back("--tty");
  if (options.terminal && options.interactive) {
    words.insert(words.end(), {"--detach-keys", options.detach_keys});
  }
  return words;
}

Result<int> exec(const ExecOptions& options,
                 const std::vector<std::string>& words,
                 const Context& context) {
  IK_LET(keys, DetachKeys::parse(options.detach_keys));
  static_cast<void>(keys);
  if (!options.detach) IK_TRY(check_terminal(options.interactive, options.terminal));
  ExecWish wish;
  wish.args.assign(words.begin() + 1, words.end());
  for (const std::string& file : options.env_files) {
    IK_LET(text, read_file(file));
    IK_LET(env, parse_env_file(text).context("invalid env file {}", file));
    wish.env.insert(wish.env.end(), env.begin(), env.end());
  }
  IK_LET(env, parse_env(options.env));
  wish.env.insert(wish.env.end(), env.begin(), env.end());
  wish.user = options.user;
  wish.working_dir = options.working_dir;
  wish.terminal = options.terminal;
  wish.privileged = options.privileged;
  IK_LET(engine, open_engine(context));
  IK_LET(record, find_record(engine, words[0]));
  IK_LET(process, prepare_exec(engine.layout(), record, wish));
  IK_LET(file, write_process_file(process));
  IK_LET(program, find_runtime_program());
  std::vector<std::string> arguments = {
      "ikada-runtime",
      "--root",
      engine.layout().runtime_states(),
      "--error-prefix",
      fmt::format("ikada {}: container {}", context.command, record.name),
      "exec",
      "--process",
      fmt::format("/proc/self/fd/{}", file.get())};
  const std::vector<std::string> planned = plan_options(options);
  arguments.insert(arguments.end(), planned.begin(), planned.end());
  arguments.push_back(record.id);
  if (options.detach) return run_detached(program, std::move(arguments), record);
  IK_TRY(connect_stdin(options));
  return become_runtime(program, arguments);
}

}  // namespace

void add_exec_command(CLI::App& app, Context& context) {
  auto options = std::make_shared<ExecOptions>();
  CLI::App* command = app.add_subcommand("exec", "Run a further command in a running container");
  command->prefix_command();
  command->footer("ikada exec [OPTIONS] CONTAINER COMMAND [ARG...]");
  command
      ->add_option("-e,--env",
                   options->env,
                   "Environment variable: NAME=value, or NAME alone to hand on ikada's own")
      ->allow_extra_args(false);
  command->add_option("--env-file", options->env_files, "File with environment variables")
      ->allow_extra_args(false);
  command->add_option("-u,--user", options->user, "User as NAME or UID, with :GROUP if need be");
  command->add_option("-w,--workdir", options->working_dir, "Working directory in the container");
  command->add_flag("-i,--interactive", options->interactive, "Keep stdin open");
  command->add_flag("-t,--tty", options->terminal, "Give the command a terminal");
  command->add_flag("-d,--detach", options->detach, "Run in the background");
  command->add_option("--detach-keys",
                      options->detach_keys,
                      "Keys that leave the command running, ctrl-p,ctrl-q by default");
  command->add_flag("--privileged", options->privileged, "Give the command all capabilities");
  command->callback([options, command, &context] {
    constexpr int kUsageStatus = 125;
    const std::vector<std::string> words = command->remaining();
    if (words.size() >= 2) {
      const Result<int> status = exec(*options, words, context);
      if (status.has_value()) return context.finish_with(*status);
      const int code = start_exit_status(status.error());
      return context.finish(status.error(), code == kUsageStatus ? 1 : code);
    }
    context.finish(
        make_error(ErrorKind::kInvalid, "requires at least 2 arguments: CONTAINER COMMAND"),
        kUsageStatus);
  });
}

}  // namespace ikada
