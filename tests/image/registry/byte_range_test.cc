#include "image/registry/byte_range.h"

#include <random>
#include <string>

#include <doctest/doctest.h>

#include "image/registry/failure.h"

namespace ikada::registry {
namespace {

std::optional<ByteRange> range_of(std::string_view header, std::uint64_t total) {
  const Result<std::optional<ByteRange>> range = parse_range(header, total);
  REQUIRE_MESSAGE(range.has_value(), std::string(header));
  return *range;
}

TEST_CASE("one range of bytes is found") {
  CHECK(range_of("bytes=0-9", 100) == ByteRange{0, 10});
  CHECK(range_of("bytes=90-", 100) == ByteRange{90, 10});
  CHECK(range_of("bytes=90-1000", 100) == ByteRange{90, 10});
  CHECK(range_of("bytes=-30", 100) == ByteRange{70, 30});
  CHECK(range_of("Bytes=-300", 100) == ByteRange{0, 100});
  CHECK(range_of("bytes=0-99999999999999999999999", 100) == ByteRange{0, 100});
}

TEST_CASE("what is no range of ours means everything") {
  for (const char* header : {"",
                             "bytes",
                             "bytes=",
                             "bytes=-",
                             "bytes=9-0",
                             "bytes=0-1,3-4",
                             "lines=0-1",
                             "bytes=x-1",
                             "bytes=1-x",
                             "bytes=+1-2",
                             "bytes=0x1-2"}) {
    CHECK_FALSE(range_of(header, 100).has_value());
  }
}

TEST_CASE("nothing of the range is there") {
  CHECK(parse_range("bytes=100-", 100).error().code == kRangeInvalid);
  CHECK(parse_range("bytes=-0", 100).error().code == kRangeInvalid);
  CHECK(parse_range("bytes=0-", 0).error().code == kRangeInvalid);
  CHECK(parse_range("bytes=-5", 0).error().code == kRangeInvalid);
}

TEST_CASE("a range never leaves the blob") {
  std::mt19937_64 random(11);
  const std::string alphabet = "0123456789-=,bytes ";
  for (int round = 0; round < 20000; ++round) {
    std::string header = round % 2 == 0 ? "bytes=" : "";
    for (std::uint64_t i = random() % 24; i > 0; --i)
      header += alphabet[random() % alphabet.size()];
    const std::uint64_t total = random() % 3 == 0 ? random() % 20 : random() >> (random() % 64);

    const Result<std::optional<ByteRange>> range = parse_range(header, total);

    if (!range.has_value() || !range->has_value()) continue;
    CHECK((*range)->size > 0);
    CHECK((*range)->start < total);
    CHECK((*range)->size <= total - (*range)->start);
  }
}

TEST_CASE("the part of an upload is read in both spellings") {
  CHECK(*parse_content_range("0-99") == ByteRange{0, 100});
  CHECK(*parse_content_range(" 5-5 ") == ByteRange{5, 1});
  CHECK(*parse_content_range("bytes 10-19/*") == ByteRange{10, 10});
  CHECK(*parse_content_range("bytes 10-19/100") == ByteRange{10, 10});
  for (const char* header : {"",
                             "-",
                             "5",
                             "5-",
                             "-5",
                             "9-8",
                             "a-b",
                             "0-18446744073709551615",
                             "1-2-3",
                             "bytes */5",
                             "0--1"}) {
    CHECK(parse_content_range(header).error().code == kRangeInvalid);
  }
}

}  // namespace
}  // namespace ikada::registry
