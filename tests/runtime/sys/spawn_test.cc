#include "runtime/sys/spawn.h"

#include <signal.h>
#include <unistd.h>

#include <doctest/doctest.h>

#include "runtime/sys/file.h"

namespace ikada {
namespace {

SpawnOptions shell(const std::string& script) {
  return {.program = "/bin/sh",
          .arguments = {"sh", "-c", script},
          .environment = {"WORD=given"},
          .fds = {}};
}

TEST_CASE("a program gets its environment and reports its exit status") {
  const pid_t pid = spawn(shell("[ \"$WORD\" = given ] && [ -z \"$HOME\" ] && exit 7")).value();

  CHECK(wait_for_child(pid).value().shell_status() == 7);
}

TEST_CASE("a program that is not there is not found") {
  SpawnOptions options = shell("");
  options.program = "/nonexistent/program";

  CHECK(spawn(options).error().kind == ErrorKind::kNotFound);
}

TEST_CASE("descriptors arrive under the numbers they were given, even when these cross") {
  int first[2];
  int second[2];
  REQUIRE(::pipe2(first, O_CLOEXEC) == 0);
  REQUIRE(::pipe2(second, O_CLOEXEC) == 0);
  const UniqueFd first_read(first[0]);
  const UniqueFd second_read(second[0]);
  SpawnOptions options = shell("");
  {
    const UniqueFd first_write(first[1]);
    const UniqueFd second_write(second[1]);
    // Each goes where the other one is.
    options.arguments[2] = fmt::format(
        "echo one >&{}; echo two >&{}", second_write.get() % 10, first_write.get() % 10);
    options.fds = {{first_write.get(), second_write.get() % 10},
                   {second_write.get(), first_write.get() % 10}};
    const pid_t pid = spawn(options).value();
    CHECK(wait_for_child(pid).value().code == 0);
  }

  CHECK(read_fd(first_read.get(), 100).value() == "one\n");
  CHECK(read_fd(second_read.get(), 100).value() == "two\n");
}

TEST_CASE("a killed process reports 128 and the signal, and is then gone") {
  const pid_t pid = spawn(shell("exec sleep 100")).value();
  const UniqueFd pid_fd = open_pidfd(pid).value();
  CHECK(process_start_time(pid).value() > 0);

  CHECK(send_signal(pid_fd.get(), SIGKILL).has_value());

  CHECK(wait_for_child(pid).value().shell_status() == 128 + SIGKILL);
  CHECK(send_signal(pid_fd.get(), SIGKILL).error().kind == ErrorKind::kNotFound);
  CHECK(open_pidfd(pid).error().kind == ErrorKind::kNotFound);
  CHECK(process_start_time(pid).error().kind == ErrorKind::kNotFound);
}

}  // namespace
}  // namespace ikada
