#include "cluster/agent/task_files.h"

#include <stdlib.h>
#include <unistd.h>

#include <atomic>

#include <doctest/doctest.h>

#include "runtime/sys/file.h"

namespace ikada {
namespace {

struct Folder {
  std::string path = "/tmp/ikada-task-files-XXXXXX";
  Folder() { REQUIRE(::mkdtemp(path.data()) != nullptr); }
  ~Folder() { CHECK(remove_tree(path).has_value()); }
  std::string tasks() const { return path + "/agent/tasks"; }
};

void fail(const Error& error) { FAIL(error.message); }

}  // namespace

TEST_CASE("what was written is there for the next agent, the newest content of each task") {
  const Folder folder;
  std::atomic<int> written = 0;
  {
    auto files = TaskFiles::open(folder.tasks());
    REQUIRE(files.has_value());
    for (int i = 0; i < 50; ++i) {
      (*files)->write("a", std::to_string(i), [&](const Result<void>& done) {
        if (done.has_value()) ++written;
      });
    }
    (*files)->write("b", "b", {});
    (*files)->write("c", "c", {});
    (*files)->remove("c");
    (*files)->remove("never");
  }

  CHECK(written == 50);
  auto files = TaskFiles::open(folder.tasks());
  REQUIRE(files.has_value());
  const auto contents = (*files)->load(fail);
  CHECK(contents == std::map<std::string, std::string>{{"a", "49"}, {"b", "b"}});
}

TEST_CASE("a write that fails says so") {
  const Folder folder;
  auto files = TaskFiles::open(folder.tasks());
  REQUIRE(files.has_value());
  REQUIRE(remove_tree(folder.tasks()).has_value());
  std::atomic<bool> failed = false;

  (*files)->write("a", "x", [&](const Result<void>& done) { failed = !done.has_value(); });
  files->reset();

  CHECK(failed);
}

}  // namespace ikada
