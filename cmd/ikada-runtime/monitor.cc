#include "cmd/ikada-runtime/monitor.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <string>
#include <string_view>
#include <vector>

#include "net/attachment.h"
#include "runtime/base/number.h"
#include "runtime/container/sealed_self.h"
#include "runtime/monitor/hand_over.h"
#include "runtime/monitor/loop.h"
#include "runtime/monitor/start.h"
#include "runtime/monitor/warning.h"
#include "runtime/sys/file.h"

namespace ikada {
namespace {

constexpr const char* kOwnProgram = "/proc/self/exe";

// Not for people: how one of the three processes starts the next one.
constexpr const char* kProgramOption = "--program-fd";
constexpr const char* kContinueOption = "--continue";

struct MonitorArguments {
  std::string options_path;
  UniqueFd ready;
  UniqueFd attach;
  UniqueFd program;         // Ours as it is on disk, O_PATH.
  UniqueFd continue_state;  // See HandOver.
  std::vector<UniqueFd> held;
};

bool has_option(char** argv, std::string_view name) {
  for (char** word = argv; *word != nullptr; ++word) {
    if (*word == name) return true;
  }
  return false;
}

// Goes on in a sealed copy that still knows the program on disk. Returns only on failure.
Result<void> seal_with_program(int argc, char** argv) {
  const UniqueFd program(::open(kOwnProgram, O_PATH));  // NOLINT(android-cloexec-open): survives.
  if (!program) return errno_error("open {}", kOwnProgram);
  std::string option = kProgramOption;
  std::string number = fmt::format("{}", program.get());
  std::vector<char*> words(argv, argv + argc);
  words.insert(words.end(), {option.data(), number.data(), nullptr});
  return seal_self(words.data());
}

// Inherited descriptors must not reach the container.
Result<UniqueFd> adopt_descriptor(std::string_view text) {
  constexpr std::uint64_t kMaxDescriptor = 1 << 20;
  IK_LET(number, parse_unsigned(text, kMaxDescriptor));
  const int fd = static_cast<int>(number);
  if (::fcntl(fd, F_SETFD, FD_CLOEXEC) != 0) return errno_error("descriptor {}", fd);
  return UniqueFd(fd);
}

Result<MonitorArguments> parse_arguments(char** words) {
  MonitorArguments arguments;
  for (; *words != nullptr; words += 2) {
    const std::string_view name = words[0];
    if (words[1] == nullptr) return make_error(ErrorKind::kInvalid, "{} needs a value", name);
    if (name == "--id") continue;  // For whoever reads `ps`.
    if (name == "--options") {
      arguments.options_path = words[1];
      continue;
    }
    IK_LET(fd, adopt_descriptor(words[1]).context("{}", name));
    if (name == "--ready-fd") {
      arguments.ready = std::move(fd);
    } else if (name == "--attach-fd") {
      arguments.attach = std::move(fd);
    } else if (name == "--hold-fd") {
      arguments.held.push_back(std::move(fd));
    } else if (name == kProgramOption) {
      arguments.program = std::move(fd);
    } else if (name == kContinueOption) {
      arguments.continue_state = std::move(fd);
    } else {
      return make_error(ErrorKind::kInvalid, "unknown option {}", name);
    }
  }
  return arguments;
}

// The veth and the addresses inside, as the engine wants them.
Result<CreateOptions> plan_network(const Json& network) {
  CreateOptions create;
  if (network.is_null()) return create;
  IK_LET(attachment, parse_network_attachment(network));
  InsidePlan inside = plan_inside(&attachment);
  create.network_messages = std::move(inside.messages);
  create.network_message_count = inside.count;
  create.attach_network = [attachment](pid_t pid) { return create_veth(attachment, pid); };
  return create;
}

Result<MonitorOptions> load_options(const std::string& path) {
  IK_LET(text, read_file(path, size_t{4} << 20));
  IK_LET(json, parse_json(text).context("{}", path));
  return parse_monitor_options(json);
}

Result<HandOver> start(MonitorArguments& arguments) {
  IK_LET(options, load_options(arguments.options_path));
  IK_LET(network, plan_network(options.network).context("network"));
  IK_LET(container,
         start_monitored_container(options, std::move(network), std::move(arguments.attach)));
  return HandOver{.options = std::move(options),
                  .container = std::move(container),
                  .held = std::move(arguments.held)};
}

int report_failure(const Error& error) {
  ::fprintf(stderr, "ikada-runtime monitor: %s\n", error.message.c_str());
  return 1;
}

int stay(HandOver state) {
  // A container with the host's pids must not be able to look into us.
  ::prctl(PR_SET_DUMPABLE, 0);
  ::prctl(PR_SET_NAME, "ikada-monitor");
  const ContainerHooks hooks = runtime_hooks(state.options, state.container.cgroup_path);
  const Result<void> result = run_monitor_loop(state.options, std::move(state.container), hooks);
  if (result.has_value()) return 0;
  warn_system_log(fmt::format("container {}: {}", state.options.id, result.error().message));
  return 1;
}

// Becomes the small process; if that cannot be done, this one stays.
int change_and_stay(HandOver state, int program) {
  const Result<UniqueFd> saved = save_hand_over(state);
  if (saved.has_value()) {
    const Error error = execute_program(program,
                                        {"ikada-runtime",
                                         "monitor",
                                         "--continue",
                                         fmt::format("{}", saved->get()),
                                         "--id",
                                         state.options.id});
    warn_system_log(fmt::format("container {}: {}", state.options.id, error.message));
  }
  return stay(std::move(state));
}

// From here on until the loop takes them, no signal ends us: that would leave the container alone.
// Not earlier, because the container would inherit this.
void hold_signals() {
  ::signal(SIGPIPE, SIG_IGN);
  ::signal(SIGHUP, SIG_IGN);
  sigset_t forwarded;
  ::sigemptyset(&forwarded);
  ::sigaddset(&forwarded, SIGTERM);
  ::sigaddset(&forwarded, SIGINT);
  ::sigprocmask(SIG_BLOCK, &forwarded, nullptr);
}

// The terminal and pipes of whoever started us are not held open.
void leave_stdio() {
  const Result<UniqueFd> null = open_file("/dev/null", O_RDWR);
  if (!null.has_value()) return;
  for (const int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) ::dup2(null->get(), fd);
}

}  // namespace

int run_monitor_command(int argc, char** argv) {
  if (!has_option(argv, kProgramOption) && !has_option(argv, kContinueOption)) {
    const Result<void> sealed = seal_with_program(argc, argv);
    if (!sealed.has_value()) return report_failure(sealed.error());
  }
  Result<MonitorArguments> arguments = parse_arguments(argv + 2);
  if (!arguments.has_value()) return report_failure(arguments.error());
  if (arguments->continue_state) {
    Result<HandOver> state = load_hand_over(std::move(arguments->continue_state));
    if (!state.has_value()) return report_failure(state.error());
    return stay(std::move(*state));
  }
  const Result<void> sealed = seal_self(argv);
  if (!sealed.has_value()) return report_failure(sealed.error());
  ::setsid();  // Fails if we lead a session already, which is as good.
  Result<HandOver> started = start(*arguments);
  hold_signals();
  const std::string report = started.has_value() ? describe_start(started->container.pid)
                                                 : describe_start(started.error());
  // Whoever asked may have died; the container does not mind.
  static_cast<void>(write_all(arguments->ready.get(), report).has_value());
  arguments->ready.reset();
  if (!started.has_value()) return report_failure(started.error());
  leave_stdio();
  return change_and_stay(std::move(*started), arguments->program.get());
}

}  // namespace ikada
