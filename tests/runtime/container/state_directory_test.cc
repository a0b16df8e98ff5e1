#include "runtime/container/state_directory.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <doctest/doctest.h>

#include "runtime/sys/file.h"

namespace ikada {
namespace {

class ScratchDirectory {
 public:
  ScratchDirectory() { REQUIRE(::mkdtemp(path_.data()) != nullptr); }
  ScratchDirectory(const ScratchDirectory&) = delete;
  ScratchDirectory& operator=(const ScratchDirectory&) = delete;
  ~ScratchDirectory() { static_cast<void>(remove_tree(path_).has_value()); }
  const std::string& path() const { return path_; }

 private:
  std::string path_ = "/tmp/ikada-state-XXXXXX";
};

ContainerState make_state(pid_t pid) {
  ContainerState state;
  state.id = "web";
  state.bundle = "/b";
  state.pid = pid;
  state.pid_start_time = 7;
  state.created = 5;
  state.annotations = {{"a", "b"}};
  return state;
}

TEST_CASE("container ids are plain names") {
  for (const char* good : {"a", "web-1", "0", "a.b_c+d", "A"}) {
    CAPTURE(good);
    CHECK(check_container_id(good).has_value());
  }
  for (const char* bad : {"", ".", "..", "-a", "a/b", "a b", "a\n", "_x", ".hidden", "\xc3\xa9"}) {
    CAPTURE(bad);
    CHECK(!check_container_id(bad).has_value());
  }
}

TEST_CASE("a saved state is loaded as it was") {
  const ScratchDirectory scratch;
  const StateDirectory directory = StateDirectory::create(scratch.path() + "/r", "web").value();

  REQUIRE(directory.save(make_state(4)).has_value());
  const ContainerState state = load_state(scratch.path() + "/r", "web").value();

  CHECK(state.pid == 4);
  CHECK(state.pid_start_time == 7);
  CHECK(state.annotations.at("a") == "b");
  CHECK(list_states(scratch.path() + "/r").value() == std::vector<std::string>{"web"});
}

TEST_CASE("the directories are for root alone") {
  const ScratchDirectory scratch;
  const std::string root = scratch.path() + "/r";
  const StateDirectory directory = StateDirectory::create(root, "web").value();
  struct stat status {};

  REQUIRE(::stat(directory.path().c_str(), &status) == 0);
  CHECK((status.st_mode & 0777) == 0700);
  REQUIRE(::stat(root.c_str(), &status) == 0);
  CHECK((status.st_mode & 0777) == 0700);
}

TEST_CASE("an id in use is a conflict, a leftover is taken over") {
  const ScratchDirectory scratch;
  {
    const StateDirectory held = StateDirectory::create(scratch.path(), "web").value();
    CHECK(StateDirectory::create(scratch.path(), "web").error().kind == ErrorKind::kConflict);
  }
  {
    const Result<StateDirectory> leftover = StateDirectory::create(scratch.path(), "web");
    REQUIRE(leftover.has_value());
    REQUIRE(leftover->save(make_state(4)).has_value());
  }
  CHECK(StateDirectory::create(scratch.path(), "web").error().kind == ErrorKind::kConflict);
}

TEST_CASE("a container without a record does not exist") {
  const ScratchDirectory scratch;

  CHECK(StateDirectory::open(scratch.path(), "web").error().kind == ErrorKind::kNotFound);
  CHECK(load_state(scratch.path(), "web").error().message == "container web does not exist");
  CHECK(list_states(scratch.path() + "/nosuch").value().empty());
}

TEST_CASE("the state for hooks has a pid while there is a process") {
  CHECK(oci_state(make_state(4), ContainerStatus::kRunning)["pid"] == 4);
  CHECK(!oci_state(make_state(4), ContainerStatus::kStopped).contains("pid"));
  CHECK(!oci_state(make_state(0), ContainerStatus::kCreating).contains("pid"));
}

}  // namespace
}  // namespace ikada
