#include "net/netlink.h"

#include <doctest/doctest.h>

#include "runtime/base/random_id.h"

namespace ikada {
namespace {

std::span<const std::byte> bytes_of(std::string_view text) {
  return std::as_bytes(std::span(text.data(), text.size()));
}

TEST_CASE("attributes are padded to four bytes and nests know their length") {
  NetlinkBatch batch;
  batch.begin(16);
  const size_t nest = batch.open(1);
  batch.attribute(2, "eth0");
  batch.close(nest);
  batch.begin(17);
  batch.attribute(3, std::uint8_t{7});

  const auto& bytes = batch.bytes();

  CHECK(batch.count() == 2);
  CHECK(to_hex(bytes.data(), bytes.size()) ==
        "2000000010000500"
        "0100000000000000"
        "10000180"
        "09000200"
        "6574683000000000"
        "1800000011000500"
        "0200000000000000"
        "05000300"
        "07000000");
}

TEST_CASE("find_attribute stops at lengths that do not fit") {
  using namespace std::string_view_literals;

  const auto found = find_attribute(bytes_of("\x05\0\x01\0a\0\0\0\x06\0\x02\x80xy"sv), 2);

  CHECK(found.size() == 2);
  CHECK(find_attribute(bytes_of("\x03\0\x01\0"sv), 1).empty());
  CHECK(find_attribute(bytes_of("\xff\0\x01\0a"sv), 1).empty());
  CHECK(find_attribute(bytes_of("\x04"sv), 1).empty());
}

}  // namespace
}  // namespace ikada
