#include "cluster/daemon/stream_process.h"

#include <chrono>
#include <functional>
#include <utility>

#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <doctest/doctest.h>

#include "image/base64.h"
#include "runtime/sys/spawn.h"

namespace ikada {
namespace {

// Runs a shell script as if it were `ikada logs …`, until its last frame.
struct Run {
  boost::asio::io_context loop;
  std::shared_ptr<StreamProcess> process;
  std::string out;
  std::string err;
  Json last;
  bool takes = true;
  std::function<void()> on_output = nullptr;  // Once.

  explicit Run(const std::string& script, bool has_stdin = false, bool has_terminal = false) {
    // The words behind "-c SCRIPT" are its $0 and so on.
    Result<std::shared_ptr<StreamProcess>> started = StreamProcess::start(
        loop,
        {"/bin/sh", "-c", script},
        {.words = {"logs", "x"}, .has_stdin = has_stdin, .has_terminal = has_terminal},
        [this](const Json& frame) { take(frame); });
    REQUIRE(started.has_value());
    process = std::move(*started);
  }

  void take(const Json& frame) {
    if (frame.contains("exit") || frame.contains("error")) last = frame;
    for (const auto& [name, text] : {std::pair("out", &out), {"err", &err}}) {
      if (!frame.contains(name)) continue;
      const std::string bytes = *decode_base64(frame[name].get<std::string>());
      *text += bytes;
      if (takes) {
        boost::asio::post(loop, [this, size = bytes.size()] { process->take({{"taken", size}}); });
      }
      if (on_output) boost::asio::post(loop, std::exchange(on_output, nullptr));
    }
  }
};

TEST_CASE("output, errors and the exit status come back") {
  Run run("echo out; echo err >&2; exit 3");

  run.loop.run();

  CHECK(run.out == "out\n");
  CHECK(run.err == "err\n");
  CHECK(run.last == Json{{"exit", 3}});
}

TEST_CASE("all of much output comes, before the exit status") {
  Run run("head -c 3000000 /dev/zero");

  run.loop.run();

  CHECK(run.out.size() == 3'000'000);
  CHECK(run.last == Json{{"exit", 0}});
}

TEST_CASE("a reader that takes nothing makes the program wait") {
  Run run("head -c 3000000 /dev/zero");
  run.takes = false;

  run.loop.run_for(std::chrono::milliseconds(300));

  CHECK(run.out.size() >= kStreamWindow);
  CHECK(run.out.size() < kStreamWindow + (64 << 10));
  CHECK(run.last.is_null());
  run.process->abandon();
  run.loop.run();
  CHECK(run.last.is_null());
}

TEST_CASE("stdin goes in, is told to be taken, and ends") {
  Run run("cat; echo done", true);

  run.process->take({{"in", encode_base64("hello ")}});
  run.process->take({{"end", true}});
  run.loop.run();

  CHECK(run.out == "hello done\n");
}

TEST_CASE("a terminal has the size that it is given") {
  Run run("sleep 0.2; stty size", false, true);

  run.process->take({{"window", {33U, 77U}}});
  run.loop.run();

  CHECK(run.out.find("33 77") != std::string::npos);
  CHECK(run.last == Json{{"exit", 0}});
}

TEST_CASE("what a program left running is not waited for") {
  Run run("sleep 30 & echo quick");

  run.loop.run_for(std::chrono::seconds(10));

  CHECK(run.out == "quick\n");
  CHECK(run.last == Json{{"exit", 0}});
}

TEST_CASE("what a program left running may write on without end") {
  Run run("yes & exit 4");

  run.loop.run_for(std::chrono::seconds(10));

  CHECK(run.last == Json{{"exit", 4}});
}

TEST_CASE("who sends more input than was taken is cut off, and the program ends") {
  Run run("sleep 30", true);

  for (int each = 0; each < 40 && run.last.is_null(); ++each) {
    run.process->take({{"in", encode_base64(std::string(16 << 10, 'x'))}});
  }
  run.loop.run_for(std::chrono::seconds(10));

  CHECK(run.last == Json{{"error", "more input than was asked for"}});
  CHECK(run.loop.stopped());
}

TEST_CASE("a signal goes to the program, and only one of those that are meant for it") {
  Run run(
      "trap 'echo got; exit 9' INT; trap 'echo bad' CONT; echo ready; while :; do sleep 0.1; done");
  run.on_output = [&run] {
    if (run.out != "ready\n") return;
    run.process->take({{"signal", 18U}});
    run.process->take({{"signal", "2"}});
    run.process->take({{"signal", 2U}});
  };

  run.loop.run_for(std::chrono::seconds(10));

  CHECK(run.out == "ready\ngot\n");
  CHECK(run.last == Json{{"exit", 9}});
}

TEST_CASE("a program that ignores that its asker has gone is killed with its child") {
  Run run("trap '' HUP; sleep 33 & echo $!; wait; sleep 30");
  run.on_output = [&run] { run.process->abandon(); };

  const auto begin = std::chrono::steady_clock::now();
  run.loop.run_for(std::chrono::seconds(10));

  CHECK(std::chrono::steady_clock::now() - begin < std::chrono::seconds(5));
  CHECK(run.loop.stopped());
  // Gone, or waiting for whoever reaps orphans here; a moment after it was killed.
  const auto has_ended = [child = std::stoi(run.out)] {
    const Result<ProcessStat> stat = read_process_stat(child);
    return !stat.has_value() || stat->state == 'Z' || stat->state == 'X';
  };
  boost::asio::steady_timer timer(run.loop);
  for (int look = 0; look < 100 && !has_ended(); ++look) {
    run.loop.restart();
    timer.expires_after(std::chrono::milliseconds(50));
    timer.async_wait([](const boost::system::error_code&) {});
    run.loop.run();
  }
  CHECK(has_ended());
}

}  // namespace
}  // namespace ikada
