// The stores that need no other process; and the process that sqlite_store_crash_test.cc kills.
#define DOCTEST_CONFIG_IMPLEMENT
#include <doctest/doctest.h>

#include "cluster/store/memory_store.h"
#include "cluster/store/sqlite_store.h"
#include "tests/cluster/store/crash_writer.h"
#include "tests/cluster/store/manual_clock.h"
#include "tests/cluster/store/scratch_directory.h"
#include "tests/cluster/store/store_under_test.h"

namespace ikada {
namespace {

template <typename Made>
class LocalStore final : public StoreUnderTest {
 public:
  explicit LocalStore(const std::function<std::unique_ptr<Made>(const LocalStore&)>& make)
      : store_(make(*this)) {}

  Store& store() override { return *store_; }

  void pass(std::chrono::seconds time) override {
    clock_.move(time);
    store_->wake();
  }

  std::string file() const { return scratch_.path("store.db"); }
  std::function<ManualClock::TimePoint()> clock() const {
    return [this] { return clock_.now(); };
  }

 private:
  ScratchDirectory scratch_;
  ManualClock clock_;
  std::unique_ptr<Made> store_;
};

std::unique_ptr<StoreUnderTest> make_sqlite() {
  return std::make_unique<LocalStore<SqliteStore>>([](const LocalStore<SqliteStore>& local) {
    return expect_value(SqliteStore::open(local.file(), local.clock()));
  });
}

std::unique_ptr<StoreUnderTest> make_memory() {
  return std::make_unique<LocalStore<MemoryStore>>([](const LocalStore<MemoryStore>& local) {
    return std::make_unique<MemoryStore>(local.clock());
  });
}

}  // namespace

std::vector<StoreKind> stores_under_test() {
  return {{.name = "memory", .make = make_memory}, {.name = "sqlite", .make = make_sqlite}};
}

}  // namespace ikada

int main(int argc, char** argv) {
  if (argc == 3 && std::string_view(argv[1]) == ikada::kCrashWriterWord) {
    return ikada::run_crash_writer(argv[2]);
  }
  return doctest::Context(argc, argv).run();
}
