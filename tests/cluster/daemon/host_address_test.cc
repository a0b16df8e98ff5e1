#include "cluster/daemon/host_address.h"

#include <algorithm>

#include <doctest/doctest.h>

#include "image/url.h"

namespace ikada {
namespace {

TEST_CASE("an address is advertised that the host has") {
  const std::vector<std::string> own = {"127.0.0.1", "192.0.2.7", "::1", "2001:db8::7", "fe80::1"};
  for (const char* fine : {"192.0.2.7", "2001:db8::7", "127.0.0.1", "::1"}) {
    CHECK(advertised_address(fine, own).value() == fine);
  }
  CHECK(advertised_address("2001:DB8:0::0:7", own).value() == "2001:db8::7");
  CHECK(advertised_address("192.0.2.8", own).error().message ==
        "192.0.2.8 is no address of this host, which has 192.0.2.7, 2001:db8::7");
  CHECK(advertised_address("192.0.2.8", {"127.0.0.1"}).error().message ==
        "192.0.2.8 is no address of this host, which has none but loopback");
  for (const char* all : {"0.0.0.0", "::"}) {
    CAPTURE(all);
    CHECK(advertised_address(all, own).error().message.find("stands for all addresses") !=
          std::string::npos);
  }
  CHECK(advertised_address("host", own).error().message == "\"host\" is no address");
}

TEST_CASE("addresses of loopback") {
  const auto is_loopback = [](const char* address) {
    return address_scope(address) == AddressScope::kLoopback;
  };
  CHECK(is_loopback("127.0.0.1"));
  CHECK(is_loopback("127.1.2.3"));
  CHECK(is_loopback("::1"));
  CHECK_FALSE(is_loopback("192.0.2.1"));
  CHECK_FALSE(is_loopback("localhost"));
}

}  // namespace
}  // namespace ikada
