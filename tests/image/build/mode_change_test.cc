#include "image/build/mode_change.h"

#include <sys/stat.h>

#include <doctest/doctest.h>

namespace ikada {
namespace {

mode_t changed(const char* text, mode_t mode, bool is_directory = false) {
  const auto change = ModeChange::parse(text);
  REQUIRE(change.has_value());
  return change->apply(mode, is_directory);
}

}  // namespace

TEST_CASE("an octal mode takes the place of the file's") {
  CHECK(changed("755", 0640) == 0755);
  CHECK(changed("4750", 0) == 04750);
  CHECK(changed("0", 0777) == 0);
}

TEST_CASE("changes are what chmod makes of them") {
  struct Case {
    const char* text;
    mode_t before;
    mode_t file;
    mode_t directory;
  };
  for (const Case& each : {Case{"u=rwX,go=rX", 0640, 0644, 0755},
                           Case{"u=rwX,go=rX", 0700, 0755, 0755},
                           Case{"u+x", 0644, 0744, 0744},
                           Case{"+x", 0644, 0755, 0755},
                           Case{"a-w", 0666, 0444, 0444},
                           Case{"go=", 0777, 0700, 0700},
                           Case{"g=u,o-rwx", 0640, 0660, 0660},
                           Case{"g=u-w", 0600, 0640, 0640},
                           Case{"u+s,g+s", 0755, 06755, 06755},
                           Case{"+t", 0755, 01755, 01755},
                           Case{"a=rwx,o-w", 0, 0775, 0775},
                           Case{"o=g", 0750, 0755, 0755}}) {
    CAPTURE(each.text);
    CHECK(changed(each.text, each.before) == each.file);
    CHECK(changed(each.text, each.before, true) == each.directory);
  }
}

TEST_CASE("what is no mode is refused") {
  for (const char* text :
       {"", "8", "77777", "u", "u+q", "x", "u=rw,", ",", "u=ug", "0x1", "=r=u r"}) {
    CAPTURE(text);
    CHECK_FALSE(ModeChange::parse(text).has_value());
  }
}

}  // namespace ikada
