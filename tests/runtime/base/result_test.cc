#include "runtime/base/result.h"

#include <memory>
#include <string>

#include <doctest/doctest.h>

namespace ikada {
namespace {

Result<int> fail_with(const char* message) {
  return make_error(ErrorKind::kInvalid, "{}", message);
}

Result<std::string> add_words(Result<int> number) {
  IK_LET(value, std::move(number).context("container {}", "web"));
  return std::to_string(value);
}

Result<void> pass_on(Result<void> first, bool& reached) {
  IK_TRY(std::move(first));
  reached = true;
  return {};
}

TEST_CASE("IK_LET unwraps a value and returns an error with its context") {
  CHECK(add_words(7).value() == "7");
  CHECK(add_words(fail_with("no such user")).error().message == "container web: no such user");
  CHECK(add_words(fail_with("x")).error().kind == ErrorKind::kInvalid);
}

TEST_CASE("IK_TRY goes on or returns") {
  bool reached = false;
  CHECK(pass_on({}, reached).has_value());
  CHECK(reached);

  reached = false;
  CHECK(!pass_on(make_error(ErrorKind::kDenied, "no"), reached).has_value());
  CHECK(!reached);
}

TEST_CASE("a value that can only be moved is moved through") {
  const auto forward = [](Result<std::unique_ptr<int>> given) -> Result<std::unique_ptr<int>> {
    IK_LET(value, std::move(given));
    return value;
  };

  CHECK(*forward(std::make_unique<int>(3)).value() == 3);
}

TEST_CASE("context leaves a success as it is") {
  CHECK(Result<int>(5).context("never {}", "seen").value() == 5);
}

}  // namespace
}  // namespace ikada
