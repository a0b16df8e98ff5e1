#include "runtime/mount/options.h"

#include <sys/mount.h>

#include <doctest/doctest.h>

namespace ikada {
namespace {

MountOptions parse(std::vector<std::string> words) { return parse_mount_options(words).value(); }

TEST_CASE("options are attributes, propagation or the filesystem's own") {
  const MountOptions options =
      parse({"rbind", "ro", "nosuid", "rslave", "size=64m", "sync", "defaults"});

  CHECK(options.bind);
  CHECK(options.recursive);
  CHECK(options.attr_set == (MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID));
  CHECK(options.propagation == MS_SLAVE);
  CHECK(options.propagation_recursive);
  CHECK(options.data == std::vector<std::string>{"size=64m", "sync"});
}

TEST_CASE("later words win over earlier ones") {
  CHECK(parse({"ro", "rw"}).attr_set == 0);
  CHECK(parse({"rw", "ro"}).attr_set == MOUNT_ATTR_RDONLY);
  CHECK((parse({"rw", "ro"}).attr_clear & MOUNT_ATTR_RDONLY) == 0);
  CHECK(parse({"noatime", "strictatime"}).attr_set == MOUNT_ATTR_STRICTATIME);
}

TEST_CASE("a time attribute clears the field it sets") {
  const MountOptions options = parse({"noatime"});

  CHECK(options.attr_set == MOUNT_ATTR_NOATIME);
  CHECK((options.attr_clear & MOUNT_ATTR__ATIME) == MOUNT_ATTR__ATIME);
}

TEST_CASE("attributes with r in front are for the whole subtree") {
  const MountOptions options = parse({"rro", "rnosuid", "relatime", "rw"});

  CHECK(options.subtree_set == (MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID));
  CHECK(options.attr_set == MOUNT_ATTR_RELATIME);
}

TEST_CASE("options that cannot be done are refused, not dropped") {
  for (const char* word : {"idmap", "ridmap", "copy-symlink"}) {
    CAPTURE(word);
    CHECK(!parse_mount_options(std::vector<std::string>{word}).has_value());
  }
}

}  // namespace
}  // namespace ikada
