#include <doctest/doctest.h>

#include "runtime/cgroup/cgroup.h"

namespace ikada {
namespace {

TEST_CASE("cgroup2 is found on a host that has nothing else") {
  CHECK(
      find_cgroup2_mount_in("22 1 0:21 / /proc rw - proc proc rw\n"
                            "30 22 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw\n")
          .value() == "/sys/fs/cgroup");
}

TEST_CASE("cgroup2 is found on a hybrid host") {
  CHECK(find_cgroup2_mount_in(
            "31 23 0:28 / /sys/fs/cgroup rw - tmpfs tmpfs rw,mode=755\n"
            "35 31 0:32 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n"
            "41 31 0:38 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw\n")
            .value() == "/sys/fs/cgroup/unified");
}

TEST_CASE("an unusual place with a space in it is found, but not preferred") {
  CHECK(find_cgroup2_mount_in("9 1 0:9 / /my\\040groups rw - cgroup2 none rw\n").value() ==
        "/my groups");
  CHECK(find_cgroup2_mount_in("9 1 0:9 / /else rw - cgroup2 none rw\n"
                              "10 1 0:9 / /sys/fs/cgroup rw - cgroup2 none rw\n")
            .value() == "/sys/fs/cgroup");
}

TEST_CASE("a host without cgroup2 is told so") {
  const auto found =
      find_cgroup2_mount_in("31 23 0:28 / /sys/fs/cgroup rw - tmpfs tmpfs rw - cgroup2 x\n");
  REQUIRE(!found.has_value());
  CHECK(found.error().kind == ErrorKind::kUnavailable);
  CHECK(found.error().message == "cgroup v2 is not mounted on this host");
}

}  // namespace
}  // namespace ikada
