#include "runtime/base/error.h"

#include <doctest/doctest.h>

namespace ikada {
namespace {

TEST_CASE("an errno becomes the kernel's words and a kind") {
  const Error error = errno_error_from(ENOENT, "open /x");

  CHECK(error.message == "open /x: No such file or directory");
  CHECK(error.kind == ErrorKind::kNotFound);
  CHECK(error.errno_value == ENOENT);
  CHECK(errno_error_from(EEXIST, "").kind == ErrorKind::kConflict);
  CHECK(errno_error_from(EPERM, "").kind == ErrorKind::kDenied);
  CHECK(errno_error_from(EACCES, "").kind == ErrorKind::kDenied);
  CHECK(errno_error_from(EIO, "").kind == ErrorKind::kSystem);
}

TEST_CASE("the current errno is taken before the text is formatted") {
  errno = EINVAL;
  CHECK(errno_error("mount {} at {}", "overlay", "/").message ==
        "mount overlay at /: Invalid argument");
}

TEST_CASE("an errno that has no words is printed as a number") {
  CHECK(errno_text(12345) == "errno 12345");
}

}  // namespace
}  // namespace ikada
