#include "runtime/base/unique_fd.h"

#include <fcntl.h>

#include <doctest/doctest.h>

namespace ikada {
namespace {

bool is_open(int fd) { return ::fcntl(fd, F_GETFD) >= 0; }

UniqueFd open_null() { return UniqueFd(::open("/dev/null", O_RDONLY | O_CLOEXEC)); }

TEST_CASE("the descriptor is closed with its owner") {
  int number = -1;
  {
    const UniqueFd fd = open_null();
    number = fd.get();
    CHECK(is_open(number));
  }

  CHECK(!is_open(number));
}

TEST_CASE("moving passes the descriptor on and closes what was there") {
  UniqueFd first = open_null();
  UniqueFd second = open_null();
  const int first_number = first.get();
  const int second_number = second.get();

  second = std::move(first);

  CHECK(second.get() == first_number);
  CHECK(is_open(first_number));
  CHECK(!is_open(second_number));
}

TEST_CASE("a released descriptor stays open") {
  UniqueFd fd = open_null();
  const int number = fd.release();

  CHECK(!fd);
  CHECK(is_open(number));
  ::close(number);
}

}  // namespace
}  // namespace ikada
