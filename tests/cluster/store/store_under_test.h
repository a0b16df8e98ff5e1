// The stores that the contract is checked on. Each test program says which: see
// stores_under_test().
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "cluster/store/store.h"

namespace ikada {

// A store, perhaps not empty: tests use keys of their own.
class StoreUnderTest {
 public:
  virtual ~StoreUnderTest() = default;

  virtual Store& store() = 0;

  // Lets time go by for leases.
  virtual void pass(std::chrono::seconds time) = 0;

  // A key that no other test has.
  std::string key(const std::string& name) const { return own_ + name; }
  const std::string& own_prefix() const { return own_; }

 protected:
  StoreUnderTest();

 private:
  std::string own_;
};

struct StoreKind {
  std::string name;
  std::function<std::unique_ptr<StoreUnderTest>()> make;
};

// Defined by each test program.
std::vector<StoreKind> stores_under_test();

// Runs a test on each of them; a failure names the store.
void on_each_store(const std::function<void(StoreUnderTest& made)>& test);

// The value of a Result that must have one.
template <typename T>
T expect_value(Result<T> result);

// Puts one key and returns the revision.
Revision put(Store& store, const std::string& key, const std::string& value);

// "key=value" of what is there, "-key" of a removal.
std::string text_of(const KeyEvent& event);

// Pulls until `count` events came, or for ten seconds.
std::vector<KeyEvent> pull(Watch& watch, size_t count);

// Waits until the key is removed; false after ten seconds.
bool wait_until_gone(Store& store, const std::string& key);

}  // namespace ikada

#include <doctest/doctest.h>

namespace ikada {

template <typename T>
T expect_value(Result<T> result) {
  if (!result.has_value()) {
    INFO(result.error().message);
    REQUIRE(result.has_value());
  }
  return std::move(*result);
}

}  // namespace ikada
