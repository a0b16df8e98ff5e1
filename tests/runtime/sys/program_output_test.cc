#include "runtime/sys/program_output.h"

#include <doctest/doctest.h>

namespace ikada {
namespace {

TEST_CASE("a program's output and status come back") {
  const Result<ProgramOutput> result =
      run_program("/bin/sh", {"sh", "-c", "cat; exit 3"}, "given on stdin");

  CHECK(result.value().text == "given on stdin");
  CHECK(result.value().status.code == 3);
}

TEST_CASE("output beyond the limit is refused") {
  CHECK(run_program("/bin/sh", {"sh", "-c", "echo 123456789"}, {}, 5).error().kind ==
        ErrorKind::kInvalid);
}

}  // namespace
}  // namespace ikada
