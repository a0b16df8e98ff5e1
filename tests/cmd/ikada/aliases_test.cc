#include "cmd/ikada/aliases.h"

#include <string>
#include <vector>

#include <doctest/doctest.h>

namespace ikada {

using Words = std::vector<std::string>;

TEST_CASE("docker's two-word commands are the commands they stand for") {
  const auto replaced = [](Words words) {
    replace_alias(words);
    return words;
  };
  CHECK(replaced({"container", "ls", "-a"}) == Words{"ps", "-a"});
  CHECK(replaced({"container", "run", "x"}) == Words{"run", "x"});
  CHECK(replaced({"image", "inspect", "x"}) == Words{"inspect", "--type", "image", "x"});
  CHECK(replaced({"run", "container", "ls"}) == Words{"run", "container", "ls"});
  CHECK(replaced({"container"}) == Words{"container"});
  CHECK(replaced({"container", "fly"}) == Words{"container", "fly"});
}

TEST_CASE("what was typed for a command is known") {
  const auto typed = [](Words words) { return replace_alias(words); };

  CHECK(typed({"image", "inspect", "x"}) == "image inspect");
  CHECK(typed({"container", "ls"}) == "container ls");
  CHECK(typed({"inspect", "x"}).empty());
}

}  // namespace ikada
