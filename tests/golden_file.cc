#include "tests/golden_file.h"

#include <stdlib.h>

#include <doctest/doctest.h>

#include "runtime/base/atomic_file.h"
#include "runtime/sys/file.h"

namespace ikada {

void check_golden(const std::string& name, std::string_view text) {
  const std::string path = std::string(IKADA_GOLDEN_DIR) + "/" + name;
  if (::getenv("IKADA_UPDATE_GOLDEN") != nullptr) {
    REQUIRE(make_directories(path.substr(0, path.rfind('/')), 0755).has_value());
    REQUIRE(write_file_atomically(path, text, 0644).has_value());
    return;
  }
  const Result<std::string> expected = read_file(path);
  REQUIRE(expected.has_value());
  CHECK(*expected == text);
}

}  // namespace ikada
