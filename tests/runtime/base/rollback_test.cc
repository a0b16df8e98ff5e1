#include "runtime/base/rollback.h"

#include <string>

#include <doctest/doctest.h>

namespace ikada {
namespace {

TEST_CASE("undo actions run in reverse order, also after one that fails") {
  std::string order;
  {
    Rollback undo;
    undo.add([&]() -> Result<void> {
      order += 'a';
      return {};
    });
    undo.add([&]() -> Result<void> {
      order += 'b';
      return make_error(ErrorKind::kSystem, "cannot");
    });
    undo.add([&]() -> Result<void> {
      order += 'c';
      return {};
    });
  }

  CHECK(order == "cba");
}

TEST_CASE("after commit nothing is undone") {
  bool undone = false;
  {
    Rollback undo;
    undo.add([&]() -> Result<void> {
      undone = true;
      return {};
    });
    undo.commit();
  }

  CHECK(!undone);
}

}  // namespace
}  // namespace ikada
