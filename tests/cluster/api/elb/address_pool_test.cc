#include "cluster/api/elb/address_pool.h"

#include <doctest/doctest.h>

namespace ikada::elb {
namespace {

constexpr std::uint32_t kNet = 0xc0000200;  // 192.0.2.0

TEST_CASE("ranges are networks, two ends or one address") {
  CHECK(parse_address_range("192.0.2.16/28").value() == AddressRange{kNet + 16, kNet + 31});
  CHECK(parse_address_range("192.0.2.4-192.0.2.7").value() == AddressRange{kNet + 4, kNet + 7});
  CHECK(parse_address_range("192.0.2.4").value() == AddressRange{kNet + 4, kNet + 4});
  for (const char* wrong : {"",
                            "192.0.2.17/28",
                            "192.0.2.0/8",
                            "192.0.2.0/33",
                            "192.0.2.7-192.0.2.4",
                            "10.0.0.0-10.1.0.0",
                            "web"}) {
    CHECK_FALSE_MESSAGE(parse_address_range(wrong).has_value(), wrong);
  }
}

TEST_CASE("the first free address is given") {
  const std::vector<AddressRange> pool = {{kNet + 4, kNet + 5}, {kNet + 9, kNet + 9}};

  CHECK(find_free_address(pool, {}) == "192.0.2.4");
  CHECK(find_free_address(pool, {"192.0.2.4", "80", "192.0.2.5"}) == "192.0.2.9");
  CHECK(find_free_address(pool, {"192.0.2.4", "192.0.2.5", "192.0.2.9"}).empty());
  CHECK(find_free_address({{UINT32_MAX, UINT32_MAX}}, {}) == "255.255.255.255");
}

TEST_CASE("addresses are left out of ranges") {
  const std::vector<AddressRange> pool = {{kNet, kNet + 7}, {kNet + 9, kNet + 9}};

  CHECK(without(pool, {}) == pool);
  CHECK(without(pool, {kNet, kNet + 3, kNet + 7, kNet + 8, kNet + 9}) ==
        std::vector<AddressRange>{{kNet + 1, kNet + 2}, {kNet + 4, kNet + 6}});
  CHECK(without({{UINT32_MAX - 1, UINT32_MAX}}, {UINT32_MAX}) ==
        std::vector<AddressRange>{{UINT32_MAX - 1, UINT32_MAX - 1}});
  CHECK(without({{kNet, kNet}}, {kNet}).empty());
}

}  // namespace
}  // namespace ikada::elb
