// Nothing that was acknowledged is lost when the process is killed, and nothing is half there.
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>

#include <doctest/doctest.h>

#include "cluster/store/sqlite_store.h"
#include "runtime/base/number.h"
#include "runtime/base/text.h"
#include "tests/cluster/store/crash_writer.h"
#include "tests/cluster/store/scratch_directory.h"
#include "tests/cluster/store/store_under_test.h"

namespace ikada {
namespace {

struct Acknowledged {
  int thread;
  int number;
};

// Runs the writer, kills it after `count` answers, and returns all that it had said.
std::vector<Acknowledged> run_and_kill(const std::string& path, size_t count) {
  std::array<int, 2> pipe{};
  REQUIRE(::pipe2(pipe.data(), O_CLOEXEC) == 0);
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    ::dup2(pipe[1], STDOUT_FILENO);
    ::execl("/proc/self/exe", "store", kCrashWriterWord, path.c_str(), nullptr);
    ::_exit(127);
  }
  ::close(pipe[1]);
  std::string text;
  std::array<char, 4096> buffer{};
  bool is_killed = false;
  while (true) {
    const ssize_t got = ::read(pipe[0], buffer.data(), buffer.size());
    if (got <= 0) break;
    text.append(buffer.data(), static_cast<size_t>(got));
    if (is_killed || static_cast<size_t>(std::ranges::count(text, '\n')) < count) continue;
    ::kill(child, SIGKILL);
    is_killed = true;
  }
  ::close(pipe[0]);
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  REQUIRE(WIFSIGNALED(status));
  std::vector<Acknowledged> acknowledged;
  for (const std::string_view line : split(trim(text), '\n')) {
    const Cut words = cut(line, ' ');
    acknowledged.push_back({.thread = static_cast<int>(*parse_unsigned(words.before)),
                            .number = static_cast<int>(*parse_unsigned(words.after))});
  }
  return acknowledged;
}

TEST_CASE("sqlite_store: a process killed in the middle of commits loses nothing acknowledged") {
  constexpr int kRounds = 12;
  for (int round = 0; round < kRounds; ++round) {
    CAPTURE(round);
    const ScratchDirectory scratch;
    const std::vector<Acknowledged> acknowledged =
        run_and_kill(scratch.path("db"), 1 + static_cast<size_t>(round) * 37);

    const auto store = expect_value(SqliteStore::open(scratch.path("db")));
    for (const Acknowledged& each : acknowledged) {
      CHECK(expect_value(store->get(crash_key(each.thread, each.number))).entry.has_value());
      CHECK(expect_value(store->get(crash_pair(each.thread, each.number))).entry.has_value());
    }
    const KeyPage page =
        expect_value(store->list({.prefix = "/crash/", .after = {}, .limit = kMaxPage}));
    CHECK_FALSE(page.more);
    CHECK(page.entries.size() % 2 == 0);
    CHECK(page.entries.size() == static_cast<size_t>(page.revision) * 2);
    CHECK(page.entries.size() >= acknowledged.size() * 2);
  }
}

}  // namespace
}  // namespace ikada
