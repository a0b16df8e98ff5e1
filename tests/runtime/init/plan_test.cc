#include "runtime/init/plan.h"

#include <doctest/doctest.h>

namespace ikada {
namespace {

OciProcess make_process(std::string program, std::vector<std::string> env) {
  OciProcess process;
  process.args = {std::move(program)};
  process.env = std::move(env);
  return process;
}

using Paths = std::vector<std::string>;

TEST_CASE("a program is looked for along the container's own PATH") {
  CHECK(find_candidates(make_process("sh", {"A=b", "PATH=/usr/bin:/bin"})) ==
        Paths{"/usr/bin/sh", "/bin/sh"});
  CHECK(find_candidates(make_process("sh", {"PATH=:/bin"})) == Paths{"./sh", "/bin/sh"});
  CHECK(find_candidates(make_process("sh", {})).empty());
  CHECK(find_candidates(make_process("", {"PATH=/bin"})).empty());
}

TEST_CASE("a program with a slash is that program") {
  CHECK(find_candidates(make_process("/bin/sh", {"PATH=/usr/bin"})) == Paths{"/bin/sh"});
  CHECK(find_candidates(make_process("./sh", {"PATH=/usr/bin"})) == Paths{"./sh"});
}

TEST_CASE("strings for execve end with a null pointer and survive a move") {
  ExecStrings first({"a", "a string that is too long to be kept inside the object itself"});
  const ExecStrings second = std::move(first);

  CHECK(std::string(second.pointers()[0]) == "a");
  CHECK(std::string(second.pointers()[1]).size() > 32);
  CHECK(second.pointers()[2] == nullptr);
  CHECK(ExecStrings().pointers()[0] == nullptr);
}

}  // namespace
}  // namespace ikada
