// Every target over its generated seeds and the inputs that once broke something (seeds.py).
#include <algorithm>
#include <string>

#include <doctest/doctest.h>

#include "runtime/sys/file.h"
#include "tests/fuzz/targets.h"

namespace ikada {

TEST_CASE("every fuzz target keeps its promises over its seeds") {
  for (const FuzzTarget& target : fuzz_targets()) {
    CAPTURE(target.name);
    const std::string directory = fmt::format("{}/{}", IKADA_FUZZ_SEEDS, target.name);
    Result<std::vector<std::string>> names = list_directory(directory);
    REQUIRE(names.has_value());
    CHECK(!names->empty());
    std::sort(names->begin(), names->end());
    for (const std::string& name : *names) {
      CAPTURE(name);
      const Result<std::string> bytes = read_file(fmt::format("{}/{}", directory, name));
      REQUIRE(bytes.has_value());

      target.run(*bytes);

      // Cut and damaged, too: the seeds are right, and what a stranger sends is not.
      for (size_t part = 1; part < 8; ++part) {
        target.run(std::string_view(*bytes).substr(0, bytes->size() * part / 8));
        std::string damaged = *bytes;
        if (!damaged.empty())
          damaged[(damaged.size() - 1) * part / 8] ^= static_cast<char>(1 << part);
        target.run(damaged);
      }
    }
  }
}

}  // namespace ikada
