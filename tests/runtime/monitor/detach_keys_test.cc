#include "runtime/monitor/detach_keys.h"

#include <doctest/doctest.h>

namespace ikada {
namespace {

DetachKeys make_keys(std::string_view text) {
  auto keys = DetachKeys::parse(text);
  REQUIRE(keys.has_value());
  return *keys;
}

}  // namespace

TEST_CASE("ctrl-p ctrl-q detaches, typed at once or key by key") {
  DetachKeys at_once = make_keys("ctrl-p,ctrl-q");
  const auto typed = at_once.feed("ab\x10\x11rest");
  CHECK(typed.pass_on == "ab");
  CHECK(typed.detached);

  DetachKeys by_key = make_keys("ctrl-p,ctrl-q");
  CHECK(by_key.feed("\x10").pass_on.empty());
  CHECK(by_key.feed("\x11").detached);
}

TEST_CASE("keys that only begin the sequence reach the container") {
  DetachKeys keys = make_keys("ctrl-p,ctrl-q");

  const auto held = keys.feed("\x10");
  const auto typed = keys.feed("x");

  CHECK(held.pass_on.empty());
  CHECK_FALSE(typed.detached);
  CHECK(typed.pass_on == "\x10x");
}

TEST_CASE("a sequence that begins within itself is found") {
  DetachKeys keys = make_keys("a,a,b");

  const auto typed = keys.feed("aaab");

  CHECK(typed.pass_on == "a");
  CHECK(typed.detached);
}

TEST_CASE("without keys everything is passed on") {
  DetachKeys keys = make_keys("");

  const auto typed = keys.feed("\x10\x11");

  CHECK(typed.pass_on == "\x10\x11");
  CHECK_FALSE(typed.detached);
}

TEST_CASE("what is no key is refused") {
  for (const char* text : {"ctrl-", "ctrl-P", "ctrl-1", "ab", "a,", ","}) {
    CAPTURE(text);
    CHECK_FALSE(DetachKeys::parse(text).has_value());
  }
}

}  // namespace ikada
