// Clients of a store, as a program: what tests with real processes and benchmarks run.
//
//   load WRITERS SECONDS BYTES   durable writes a second and how long each takes
//   history CLIENTS SECONDS      operations of all kinds, then whether they are linearizable
//   get KEY                      one read; prints the value or the error
//   watch PREFIX                 the first change of a key; of etcd's members, once it watches at
//                                the first, that one becomes the last one of the list
//   fill                         puts until there is no space; once more after a line on stdin
//
// The store is the SQLite file IKADA_SQLITE_STORE, else etcd (etcd_options.h). Results are one line
// of JSON.
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <memory>
#include <mutex>
#include <random>
#include <thread>
#include <vector>

#include "cluster/store/sqlite_store.h"
#include "runtime/base/json.h"
#include "runtime/base/number.h"
#include "runtime/base/random_id.h"
#include "tests/cluster/store/etcd_options.h"
#include "tests/cluster/store/linearizability.h"

namespace ikada {
namespace {

using Clock = std::chrono::steady_clock;
using Kind = HistoryOperation::Kind;

constexpr int kKeys = 8;
// Writes without a pause would make histories longer than a search can go through.
constexpr std::chrono::milliseconds kPause{8};

std::int64_t now_ns() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(Clock::now().time_since_epoch())
      .count();
}

// Each client of etcd begins with another member.
Result<std::unique_ptr<Store>> open_store(int client) {
  const char* const file = ::getenv("IKADA_SQLITE_STORE");
  if (file != nullptr) {
    IK_LET(store, SqliteStore::open(file));
    return std::unique_ptr<Store>(std::move(store));
  }
  EtcdOptions options = etcd_options_from_environment();
  std::ranges::rotate(
      options.endpoints,
      options.endpoints.begin() + client % static_cast<int>(options.endpoints.size()));
  IK_LET(store, EtcdStore::create(std::move(options)));
  return std::unique_ptr<Store>(std::move(store));
}

int fail(const Error& error) {
  ::fprintf(stderr, "store_client: %s\n", error.message.c_str());
  return 1;
}

void print(const Json& json) { ::printf("%s\n", json.dump().c_str()); }

double quantile_ms(std::vector<std::int64_t>& sorted_ns, double part) {
  if (sorted_ns.empty()) return 0;
  const auto at = static_cast<size_t>(part * static_cast<double>(sorted_ns.size() - 1));
  return static_cast<double>(sorted_ns[at]) / 1e6;
}

int load(int writers, int seconds, size_t bytes) {
  Result<std::unique_ptr<Store>> store = open_store(0);
  if (!store.has_value()) return fail(store.error());
  const std::string own = "/load-" + random_hex(4) + "/";
  const std::string value(bytes, 'v');
  std::vector<std::vector<std::int64_t>> times(static_cast<size_t>(writers));
  std::atomic<int> failures = 0;
  std::mutex mutex;
  std::string failure;
  const Clock::time_point end = Clock::now() + std::chrono::seconds(seconds);
  std::vector<std::thread> threads;
  for (int writer = 0; writer < writers; ++writer) {
    threads.emplace_back([&, writer] {
      for (int i = 0; Clock::now() < end; ++i) {
        const std::int64_t begin = now_ns();
        const Result<Commit> commit = (*store)->commit(
            Transaction{}.put(fmt::format("{}{}/{}", own, writer, i % 1000), value));
        if (!commit.has_value()) {
          ++failures;
          const std::lock_guard lock(mutex);
          failure = commit.error().message;
        }
        times[static_cast<size_t>(writer)].push_back(now_ns() - begin);
      }
    });
  }
  for (std::thread& each : threads) each.join();
  std::vector<std::int64_t> all;
  for (const auto& each : times) all.insert(all.end(), each.begin(), each.end());
  std::ranges::sort(all);
  print({{"writes_per_s", static_cast<double>(all.size()) / seconds},
         {"p50_ms", quantile_ms(all, 0.5)},
         {"p99_ms", quantile_ms(all, 0.99)},
         {"failures", failures.load()},
         {"failure", failure}});
  return 0;
}

struct Recorded {
  std::string key;
  HistoryOperation operation;
};

struct ClientLog {
  std::vector<Recorded> operations;
  int refused = 0;  // Nothing was done: not part of the history.
};

// One client: reads, writes, and compares with what it read last.
class Client {
 public:
  Client(Store& store, std::string own, int number)
      : store_(store),
        own_(std::move(own)),
        number_(number),
        random_(static_cast<unsigned>(number)) {}

  void act() {
    const int key = static_cast<int>(random_() % kKeys);
    const unsigned kind = static_cast<unsigned>(random_() % 10);
    if (kind < 4) {
      read(key);
    } else {
      write(key, kind < 8);
    }
  }

  void read(int key) {
    Recorded recorded = begin(key, Kind::kRead);
    const Result<KeyRead> read = store_.get(recorded.key);
    if (!read.has_value()) {
      ++log_.refused;
      return;
    }
    seen_[key] = read->entry.value_or(KeyValue{});
    recorded.operation.value = seen_[key].value;
    finish(std::move(recorded));
  }

  ClientLog take_log() { return std::move(log_); }

 private:
  Recorded begin(int key, Kind kind) {
    Recorded recorded{.key = own_ + std::to_string(key), .operation = {}};
    recorded.operation.kind = kind;
    recorded.operation.begin_ns = now_ns();
    return recorded;
  }

  void finish(Recorded recorded) {
    recorded.operation.end_ns = now_ns();
    log_.operations.push_back(std::move(recorded));
  }

  void write(int key, bool compares) {
    Recorded recorded = begin(key, compares ? Kind::kCompareAndSet : Kind::kWrite);
    HistoryOperation& operation = recorded.operation;
    operation.value = fmt::format("{}-{}", number_, ++count_);
    Transaction transaction;
    transaction.put(recorded.key, operation.value);
    if (compares) {
      transaction.expect(recorded.key, seen_[key].modified);
      operation.expected = seen_[key].value;
    }
    const Result<Commit> commit = store_.commit(transaction);
    if (!commit.has_value() && !is_outcome_unknown(commit.error())) {
      ++log_.refused;
      return;
    }
    operation.is_unknown = !commit.has_value();
    operation.succeeded = commit.has_value() && commit->succeeded;
    if (operation.succeeded) {
      seen_[key] = {.key = {}, .value = operation.value, .modified = commit->revision};
    }
    finish(std::move(recorded));
  }

  Store& store_;
  const std::string own_;
  const int number_;
  std::mt19937 random_;
  int count_ = 0;
  std::map<int, KeyValue> seen_;
  ClientLog log_;
};

// The longest time in which no write was acknowledged, of all clients together.
double longest_gap_ms(const std::map<std::string, std::vector<HistoryOperation>>& by_key) {
  std::vector<std::int64_t> ends;
  for (const auto& [key, operations] : by_key) {
    for (const HistoryOperation& each : operations) {
      const bool is_write = each.kind != Kind::kRead && each.succeeded && !each.is_unknown;
      if (is_write) ends.push_back(each.end_ns);
    }
  }
  std::ranges::sort(ends);
  std::int64_t longest = 0;
  for (size_t i = 1; i < ends.size(); ++i) longest = std::max(longest, ends[i] - ends[i - 1]);
  return static_cast<double>(longest) / 1e6;
}

int history(int clients, int seconds) {
  const std::string own = "/history-" + random_hex(4) + "/";
  std::vector<ClientLog> logs(static_cast<size_t>(clients) + 1);
  const Clock::time_point end = Clock::now() + std::chrono::seconds(seconds);
  std::vector<std::thread> threads;
  for (int number = 0; number < clients; ++number) {
    threads.emplace_back([&, number] {
      const Result<std::unique_ptr<Store>> store = open_store(number);
      if (!store.has_value()) return;
      Client client(**store, own, number);
      while (Clock::now() < end) {
        client.act();
        std::this_thread::sleep_for(kPause);
      }
      logs[static_cast<size_t>(number)] = client.take_log();
    });
  }
  for (std::thread& each : threads) each.join();
  // What is there at last must follow from it all.
  const Result<std::unique_ptr<Store>> store = open_store(0);
  if (!store.has_value()) return fail(store.error());
  Client last(**store, own, clients);
  for (int key = 0; key < kKeys; ++key) last.read(key);
  logs.back() = last.take_log();

  std::map<std::string, std::vector<HistoryOperation>> by_key;
  int refused = 0;
  int unknown = 0;
  size_t count = 0;
  for (const ClientLog& log : logs) {
    refused += log.refused;
    count += log.operations.size();
    for (const Recorded& each : log.operations) {
      unknown += each.operation.is_unknown ? 1 : 0;
      by_key[each.key].push_back(each.operation);
    }
  }
  const std::string wrong = first_not_linearizable(by_key);
  print({{"operations", count},
         {"unknown", unknown},
         {"refused", refused},
         {"longest_gap_ms", longest_gap_ms(by_key)},
         {"last_reads", logs.back().operations.size()},
         {"linearizable", wrong.empty()}});
  return wrong.empty() ? 0 : 1;
}

int get(const std::string& key) {
  const Result<std::unique_ptr<Store>> store = open_store(0);
  if (!store.has_value()) return fail(store.error());
  const Result<KeyRead> read = (*store)->get(key);
  if (!read.has_value()) return fail(read.error());
  print({{"revision", read->revision}, {"found", read->entry.has_value()}});
  return 0;
}

int fill() {
  const Result<std::unique_ptr<Store>> store = open_store(0);
  if (!store.has_value()) return fail(store.error());
  const auto put = [&](int number) {
    return (*store)->commit(
        Transaction{}.put("/fill/" + std::to_string(number), std::string(20'000, 'v')));
  };
  int written = 0;
  Result<Commit> commit = put(written);
  while (commit.has_value() && written < 100'000) commit = put(++written);
  print({{"written", written},
         {"code", commit.has_value() ? "" : commit.error().code},
         {"reads", (*store)->get("/fill/0").has_value()}});
  ::fflush(stdout);
  if (::getchar() == EOF) return 1;
  commit = put(written);
  if (!commit.has_value()) return fail(commit.error());
  const Result<KeyPage> page = (*store)->list({.prefix = "/fill/", .after = {}, .limit = kMaxPage});
  if (!page.has_value()) return fail(page.error());
  print({{"keys", page->entries.size()}, {"revision", page->revision}});
  return 0;
}

int watch(const std::string& prefix) {
  EtcdOptions options = etcd_options_from_environment();
  std::vector<std::string> endpoints = options.endpoints;
  const Result<std::unique_ptr<EtcdStore>> store = EtcdStore::create(std::move(options));
  if (!store.has_value()) return fail(store.error());
  const Result<KeyRead> now = (*store)->get(prefix);
  if (!now.has_value()) return fail(now.error());
  const Result<std::unique_ptr<Watch>> watch = (*store)->watch(prefix, now->revision);
  if (!watch.has_value()) return fail(watch.error());
  std::this_thread::sleep_for(std::chrono::seconds(1));
  std::ranges::rotate(endpoints, endpoints.begin() + 1);
  (*store)->client().set_endpoints(endpoints);
  print({{"after", now->revision}});
  ::fflush(stdout);
  while (true) {
    const Result<KeyEvents> events = (*watch)->next(std::chrono::seconds(1));
    if (!events.has_value() || events->events.empty()) continue;
    print({{"revision", events->revision}});
    return 0;
  }
}

int run(const std::vector<std::string>& words) {
  const auto number = [&](size_t at) {
    const Result<std::uint64_t> value = parse_unsigned(words[at], 1'000'000);
    return value.has_value() ? static_cast<int>(*value) : 1;
  };
  if (words.size() == 4 && words[0] == "load") {
    return load(number(1), number(2), static_cast<size_t>(number(3)));
  }
  if (words.size() == 3 && words[0] == "history") return history(number(1), number(2));
  if (words.size() == 2 && words[0] == "get") return get(words[1]);
  if (words.size() == 2 && words[0] == "watch") return watch(words[1]);
  if (words.size() == 1 && words[0] == "fill") return fill();
  ::fprintf(stderr, "store_client: load|history|get|watch|fill, see its source\n");
  return 2;
}

}  // namespace
}  // namespace ikada

int main(int argc, char** argv) {
  return ikada::run(std::vector<std::string>(argv + 1, argv + argc));
}
