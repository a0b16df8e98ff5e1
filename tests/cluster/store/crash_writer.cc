#include "tests/cluster/store/crash_writer.h"

#include <unistd.h>

#include <thread>
#include <vector>

#include "cluster/store/sqlite_store.h"
#include "runtime/sys/file.h"

namespace ikada {
namespace {

constexpr int kThreads = 4;

void write_for_ever(Store& store, int thread) {
  for (int number = 0;; ++number) {
    const Result<Commit> commit =
        store.commit(Transaction{}
                         .expect(crash_key(thread, number), 0)
                         .put(crash_key(thread, number), std::string(300, 'v'))
                         .put(crash_pair(thread, number), std::to_string(number)));
    if (!commit.has_value() || !commit->succeeded) return;
    const std::string line = fmt::format("{} {}\n", thread, number);
    // One write, so that lines of threads do not mix.
    if (::write(STDOUT_FILENO, line.data(), line.size()) != static_cast<ssize_t>(line.size())) {
      return;
    }
  }
}

}  // namespace

std::string crash_key(int thread, int number) {
  return "/crash/" + std::to_string(thread) + "/" + std::to_string(number);
}

std::string crash_pair(int thread, int number) { return crash_key(thread, number) + "/pair"; }

int run_crash_writer(const std::string& path) {
  Result<std::unique_ptr<SqliteStore>> store = SqliteStore::open(path);
  if (!store.has_value()) {
    static_cast<void>(write_all(STDERR_FILENO, store.error().message + "\n").has_value());
    return 1;
  }
  std::vector<std::thread> threads;
  for (int thread = 0; thread < kThreads; ++thread) {
    threads.emplace_back([&, thread] { write_for_ever(**store, thread); });
  }
  for (std::thread& each : threads) each.join();
  return 1;
}

}  // namespace ikada
