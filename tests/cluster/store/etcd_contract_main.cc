// The contract on a real etcd, which the caller has started.
#define DOCTEST_CONFIG_IMPLEMENT
#include <thread>

#include <doctest/doctest.h>

#include "tests/cluster/store/etcd_options.h"
#include "tests/cluster/store/store_under_test.h"

namespace ikada {
namespace {

class EtcdUnderTest final : public StoreUnderTest {
 public:
  EtcdUnderTest() : store_(expect_value(EtcdStore::create(etcd_options_from_environment()))) {}

  Store& store() override { return *store_; }
  void pass(std::chrono::seconds time) override { std::this_thread::sleep_for(time); }

 private:
  std::unique_ptr<EtcdStore> store_;
};

}  // namespace

std::vector<StoreKind> stores_under_test() {
  return {{.name = "etcd", .make = [] { return std::make_unique<EtcdUnderTest>(); }}};
}

}  // namespace ikada

int main(int argc, char** argv) { return doctest::Context(argc, argv).run(); }
