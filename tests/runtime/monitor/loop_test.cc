// The loop beside an ordinary child process instead of a container.
#include "runtime/monitor/loop.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <vector>

#include <doctest/doctest.h>

#include "runtime/monitor/log_line.h"
#include "runtime/monitor/protocol.h"
#include "runtime/sys/spawn.h"
#include "runtime/sys/unix_socket.h"
#include "tests/runtime/monitor/scratch_directory.h"

namespace ikada {
namespace {

struct Pipe {
  UniqueFd reading;
  UniqueFd writing;
  Pipe() {
    int ends[2];
    REQUIRE(::pipe2(ends, O_CLOEXEC) == 0);
    reading.reset(ends[0]);
    writing.reset(ends[1]);
  }
};

struct Monitored {
  ScratchDirectory directory;
  MonitorOptions options;
  RunningContainer container;
  UniqueFd client;  // The other end of the first client's socket.
  std::vector<std::string> calls;

  explicit Monitored(const std::string& script) {
    Pipe in;
    Pipe out;
    Pipe err;
    auto pid =
        spawn({.program = "/bin/sh",
               .arguments = {"sh", "-c", script},
               .environment = {"PATH=/usr/bin:/bin"},
               .fds = {{in.reading.get(), 0}, {out.writing.get(), 1}, {err.writing.get(), 2}}});
    REQUIRE(pid.has_value());
    auto pair = create_socket_pair(SOCK_SEQPACKET);
    REQUIRE(pair.has_value());
    client = std::move(pair->ours);
    container.pid = *pid;
    container.stdin_fd = std::move(in.writing);
    container.stdout_fd = std::move(out.reading);
    container.stderr_fd = std::move(err.reading);
    container.first_client = std::move(pair->theirs);
    options.id = "test";
    options.open_stdin = true;
    options.log_path = directory.file("log");
    options.exit_path = directory.file("exit.json");
    options.cleanup_command = {"/bin/sh", "-c", "echo done > " + directory.file("cleaned")};
  }

  void say(MonitorMessage type, std::string_view body = {}) {
    const std::string message = static_cast<char>(type) + std::string(body);
    REQUIRE(::send(client.get(), message.data(), message.size(), MSG_NOSIGNAL) > 0);
  }

  void run(bool oom = false) {
    const ContainerHooks hooks{.kill_rest =
                                   [this, oom] {
                                     calls.emplace_back("kill_rest");
                                     return oom;
                                   },
                               .remove = [this]() -> Result<void> {
                                 calls.emplace_back("remove");
                                 return {};
                               }};
    const auto result = run_monitor_loop(options, std::move(container), hooks);
    INFO((result.has_value() ? std::string() : result.error().message));
    REQUIRE(result.has_value());
  }

  // What the client was sent: the bodies of `type`, joined.
  std::string heard(MonitorMessage type) {
    while (true) {
      std::array<char, kMaxMonitorMessage> message;
      const ssize_t size = ::recv(client.get(), message.data(), message.size(), MSG_DONTWAIT);
      if (size <= 0) break;
      messages.emplace_back(message.data(), static_cast<size_t>(size));
    }
    std::string all;
    for (const std::string& each : messages) {
      if (each[0] == static_cast<char>(type)) all += each.substr(1);
    }
    return all;
  }

  std::string log() { return texts_of(*read_file(options.log_path)); }

  static std::string texts_of(std::string_view content) {
    std::string all;
    while (!content.empty()) {
      const size_t end = content.find('\n');
      const auto line = parse_log_line(content.substr(0, end));
      REQUIRE(line.has_value());
      all += line->stream == LogStream::kStdout ? "o:" : "e:";
      all += std::string(line->text) + (line->partial ? "|" : "\n");
      content.remove_prefix(end + 1);
    }
    return all;
  }

  ExitRecord record() {
    auto parsed = parse_exit_record(*parse_json(*read_file(options.exit_path)));
    REQUIRE(parsed.has_value());
    return *parsed;
  }

  bool cleaned_up() const { return ::access(directory.file("cleaned").c_str(), F_OK) == 0; }

  std::vector<std::string> messages;
};

}  // namespace

TEST_CASE("output reaches the log and the client, and the exit status is recorded") {
  Monitored monitored("echo one; printf two; exit 7");

  monitored.run();

  CHECK(monitored.log() == "o:one\no:two|");
  CHECK(monitored.heard(MonitorMessage::kStdout) == "one\ntwo");
  CHECK(monitored.record().exit_code == 7);
  CHECK(monitored.record().signal == 0);
  CHECK_FALSE(monitored.record().oom_killed);
  CHECK(monitored.calls == std::vector<std::string>{"kill_rest", "remove"});
  const auto last = parse_exit_record(*parse_json(monitored.heard(MonitorMessage::kExit)));
  REQUIRE(last.has_value());
  CHECK(last->exit_code == 7);
}

TEST_CASE("stdout and stderr are told apart") {
  Monitored monitored("echo fine; echo bad >&2");

  monitored.run();

  CHECK(monitored.heard(MonitorMessage::kStdout) == "fine\n");
  CHECK(monitored.heard(MonitorMessage::kStderr) == "bad\n");
}

TEST_CASE("a signal's exit code is 128 and its number, and the OOM flag is kept") {
  Monitored monitored("kill -9 $$");

  monitored.run(true);

  CHECK(monitored.record().exit_code == 137);
  CHECK(monitored.record().signal == 9);
  CHECK(monitored.record().oom_killed);
}

TEST_CASE("stdin is passed on and closed when the client says so") {
  Monitored monitored("cat; echo end");
  monitored.say(MonitorMessage::kStdin, "hello\n");
  monitored.say(MonitorMessage::kStdinEnd);

  monitored.run();

  CHECK(monitored.log() == "o:hello\no:end\n");
}

TEST_CASE("stdin larger than a pipe is passed on whole") {
  Monitored monitored("wc -c");
  const std::string chunk(16000, 'x');
  for (int i = 0; i < 10; ++i) monitored.say(MonitorMessage::kStdin, chunk);
  monitored.say(MonitorMessage::kStdinEnd);

  monitored.run();

  CHECK(monitored.log() == "o:160000\n");
}

TEST_CASE("stdin closes with the client that wrote to it if it was to be used once") {
  Monitored monitored("cat");
  monitored.options.stdin_once = true;
  monitored.say(MonitorMessage::kStdin, "hello\n");
  monitored.client.reset();

  monitored.run();

  CHECK(monitored.log() == "o:hello\n");
}

TEST_CASE("a signal from the client reaches the first process") {
  Monitored monitored("trap 'exit 3' USR1; echo ready; read line");
  monitored.say(MonitorMessage::kSignal, std::string(1, static_cast<char>(SIGTERM)));

  monitored.run();

  CHECK(monitored.record().exit_code == 128 + SIGTERM);
}

TEST_CASE("the monitor cleans up unless the first client does") {
  Monitored by_monitor("true");
  by_monitor.run();
  CHECK(by_monitor.cleaned_up());

  Monitored by_client("true");
  by_client.say(MonitorMessage::kCleanUp);
  by_client.run();
  CHECK_FALSE(by_client.cleaned_up());
}

TEST_CASE("the monitor cleans up for a first client that has died") {
  Monitored monitored("true");
  monitored.say(MonitorMessage::kCleanUp);
  monitored.client.reset();

  monitored.run();

  CHECK(monitored.cleaned_up());
}

TEST_CASE("a client that does not read is dropped and costs no line") {
  Monitored monitored("yes " + std::string(99, 'x') + " | head -n 100000");

  monitored.run();

  CHECK(read_file(monitored.options.log_path)->size() == 100'000 * (41 + 99));
}

TEST_CASE("output that a process outside the container keeps open does not hold up the end") {
  Monitored monitored("echo last");
  UniqueFd kept(::fcntl(monitored.container.stdout_fd.get(), F_DUPFD_CLOEXEC, 0));
  const UniqueFd writer(
      ::open(fmt::format("/proc/self/fd/{}", kept.get()).c_str(), O_WRONLY | O_CLOEXEC));
  REQUIRE(writer);

  monitored.run();

  CHECK(monitored.log() == "o:last\n");
}

}  // namespace ikada
