#include "image/unpack_channel.h"

#include <cstdint>
#include <string>

#include <doctest/doctest.h>

#include "image/image_budget.h"

namespace ikada {

using namespace std::string_literals;

TEST_CASE("an unpacked layer is told and understood") {
  const UnpackedLayer layer{.diff_id = Digest::of("x"), .content_bytes = 12'345};

  const Result<UnpackedLayer> got = parse_unpack_report(format_unpack_report(layer));

  REQUIRE(got.has_value());
  CHECK(got->diff_id == layer.diff_id);
  CHECK(got->content_bytes == 12'345);
}

TEST_CASE("a refusal is told with its kind, number, code and words") {
  const Error error{.kind = ErrorKind::kSystem,
                    .message = "write f: No space left on device",
                    .errno_value = 28,
                    .code = "NO_SPACE"};

  const Result<UnpackedLayer> got = parse_unpack_report(format_unpack_report(error));

  REQUIRE(!got.has_value());
  CHECK(got.error().kind == ErrorKind::kSystem);
  CHECK(got.error().message == "write f: No space left on device");
  CHECK(got.error().errno_value == 28);
  CHECK(got.error().code == "NO_SPACE");
}

TEST_CASE("names with NUL in a refusal do not shift its fields") {
  const Error error{.kind = ErrorKind::kInvalid, .message = "entry a\0b"s, .code = "LAYER_X"};

  const Result<UnpackedLayer> got = parse_unpack_report(format_unpack_report(error));

  CHECK(got.error().message == "entry a?b");
}

TEST_CASE("progress is told and understood, and nothing else taken for it") {
  CHECK(parse_unpack_progress(format_unpack_progress(12'345)) == 12'345);
  for (const std::string& message : {"more"s,
                                     "more\0"s,
                                     "more\0-1"s,
                                     "more\0001\0002"s,
                                     "done\0001"s,
                                     "more\00099999999999999999999"s}) {
    CAPTURE(message);
    CHECK_FALSE(parse_unpack_progress(message).has_value());
  }
}

TEST_CASE("a budget is the same for all who take from it") {
  ImageBudget budget(100);
  CHECK(budget.take(60).has_value());
  CHECK(budget.take(40).has_value());
  CHECK(budget.take(0).has_value());
  CHECK(budget.take(1).error().code == "LAYER_BUDGET_EXCEEDED");
  CHECK(ImageBudget(100).take(UINT64_MAX).error().code == "LAYER_BUDGET_EXCEEDED");
}

TEST_CASE("what a child that was taken over could say instead is an error of ours") {
  const std::string messages[] = {
      "",
      "done",
      "done\0\0"s,
      "done\0sha256:../../x\0001"s,
      "done\0"s + Digest::of("x").text() + "\0-1"s,
      "done\0"s + Digest::of("x").text() + "\0001\0002"s,
      "error\0009\0000\0X\0text"s,
      "error\0000\000100000\0X\0text"s,
      "error\0000\0000\0lower case\0text"s,
      "error\0000\0000\0X"s,
      "other\0000\0000\0X\0text"s,
  };
  for (const std::string& message : messages) {
    CAPTURE(message);
    const Result<UnpackedLayer> got = parse_unpack_report(message);
    REQUIRE(!got.has_value());
    CHECK(got.error().kind == ErrorKind::kInternal);
    CHECK(got.error().code.empty());
  }
}

}  // namespace ikada
