// Drives cluster/agent's TaskRunner from outside for the host lane.
//
//   agent_probe ROOT RUN_ROOT RETENTION_MS
//
// Takes lines of JSON: {"run": TASK, "definition": DEFINITION}, {"stop": "ID", "reason": "…"}, both
// in the model's form; {"acknowledge": false} makes it keep silent about what it was told. Prints
// each report as a line and acknowledges it. Ends with its stdin; the containers stay.
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <array>

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/streambuf.hpp>

#include "cluster/agent/task_runner.h"
#include "cluster/engine/program_paths.h"
#include "image/unpack_child.h"
#include "runtime/base/number.h"

namespace ikada {
namespace {

class Probe {
 public:
  Probe(boost::asio::io_context& loop, std::unique_ptr<TaskRunner> runner)
      : runner_(std::move(runner)), input_(loop, STDIN_FILENO) {}

  void start() {
    runner_->start([this](const TaskReport& report) { tell(report); });
    read();
  }

 private:
  void tell(const TaskReport& report) {
    const Json line = {{"sequence", report.sequence}, {"task", to_json(report.task)}};
    ::printf("%s\n", line.dump().c_str());
    ::fflush(stdout);
    if (is_acknowledging_) runner_->acknowledge(report.task.id, report.sequence);
  }

  void read() {
    boost::asio::async_read_until(
        input_, buffer_, '\n', [this](const boost::system::error_code& error, size_t) {
          if (error) return runner_->shut_down();
          std::istream stream(&buffer_);
          std::string line;
          std::getline(stream, line);
          const Result<void> done = obey(line);
          if (!done.has_value()) ::fprintf(stderr, "%s\n", done.error().message.c_str());
          read();
        });
  }

  Result<void> obey(const std::string& line) {
    IK_LET(wish, parse_json(line));
    if (wish.contains("acknowledge")) is_acknowledging_ = wish["acknowledge"].get<bool>();
    if (wish.contains("run")) {
      IK_LET(task, from_json<Task>(wish["run"], "task"));
      IK_LET(definition, from_json<TaskDefinition>(wish["definition"], "definition"));
      runner_->run({.account = "123456789012", .region = "eu-central-1"}, task, definition);
    }
    if (wish.contains("stop")) {
      runner_->stop(wish["stop"].get<std::string>(),
                    "UserInitiated",
                    wish.value("reason", "Task stopped by user"));
    }
    return {};
  }

  std::unique_ptr<TaskRunner> runner_;
  boost::asio::posix::stream_descriptor input_;
  boost::asio::streambuf buffer_;
  bool is_acknowledging_ = true;
};

Result<void> run(char** argv) {
  const std::string root = argv[1];
  const std::string run_root = argv[2];
  TaskRunnerOptions options;
  options.state_directory = root + "/agent";
  IK_LET(retention_ms, parse_unsigned(argv[3], INT32_MAX));
  options.retention = std::chrono::milliseconds(retention_ms);
  options.on_error = [](const Error& error) { ::fprintf(stderr, "%s\n", error.message.c_str()); };
  ContainerActionOptions& actions = options.actions;
  actions.host = {.cpu_limits = false, .memory_limits = false, .must_limit = false};
  actions.engine.layout = {.root = root, .run_root = run_root};
  actions.engine.bridge.state_dir = actions.engine.layout.network_state();
  IK_LET(runtime, find_runtime_program());
  actions.engine.runtime_program = runtime;
  const char* ikada = ::getenv("IKADA_PROGRAM");
  if (ikada == nullptr) return make_error(ErrorKind::kInvalid, "IKADA_PROGRAM is not set");
  actions.engine.cleanup_command = {
      ikada, "--root", root, "--run-root", run_root, "container-cleanup"};
  boost::asio::io_context loop(1);
  IK_LET(runner, TaskRunner::open(loop, options));
  Probe probe(loop, std::move(runner));
  probe.start();
  loop.run();
  return {};
}

}  // namespace
}  // namespace ikada

int main(int argc, char** argv) {
  if (ikada::is_unpack_child(argc, argv)) return ikada::run_unpack_child(argc, argv);
  if (argc != 4) return 2;
  const ikada::Result<void> done = ikada::run(argv);
  if (!done.has_value()) ::fprintf(stderr, "agent_probe: %s\n", done.error().message.c_str());
  ::fflush(stdout);
  ::_exit(done.has_value() ? 0 : 1);
}
