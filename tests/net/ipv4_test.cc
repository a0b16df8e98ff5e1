#include "net/ipv4.h"

#include <doctest/doctest.h>

namespace ikada {
namespace {

TEST_CASE("parse_ipv4 takes four decimal numbers and nothing else") {
  CHECK(parse_ipv4("10.88.0.5").value() == 0x0a580005);
  CHECK(format_ipv4(0xfffefdfc) == "255.254.253.252");
  for (const char* bad : {"",
                          "10.88.0",
                          "10.88.0.256",
                          "10.88.0.05",
                          "10.88.0.5 ",
                          "10.88.0.5\n",
                          "::1",
                          "1.2.3.4.5"}) {
    CAPTURE(bad);
    CHECK(!parse_ipv4(bad).has_value());
  }
}

TEST_CASE("parse_ipv4_subnet wants room and no host bits") {
  const Ipv4Subnet subnet = parse_ipv4_subnet("10.88.0.0/29").value();

  CHECK(format_ipv4(subnet.gateway()) == "10.88.0.1");
  CHECK(format_ipv4(subnet.broadcast()) == "10.88.0.7");
  CHECK(subnet.contains(subnet.broadcast()));
  CHECK(!subnet.contains(subnet.broadcast() + 1));
  for (const char* bad : {"10.88.0.0", "10.88.0.0/", "10.88.0.1/29", "10.88.0.0/30", "0.0.0.0/0"}) {
    CAPTURE(bad);
    CHECK(!parse_ipv4_subnet(bad).has_value());
  }
}

TEST_CASE("a MAC address belongs to an IPv4 address") {
  CHECK(format_mac(mac_of(parse_ipv4("10.88.0.5").value())) == "02:42:0a:58:00:05");
  CHECK(parse_mac("02:42:0A:58:00:05").value() == mac_of(0x0a580005));
  for (const char* bad : {"", "02:42:0a:58:00", "02:42:0a:58:00:0g", "02-42-0a-58-00-05"}) {
    CAPTURE(bad);
    CHECK(!parse_mac(bad).has_value());
  }
}

TEST_CASE("interface names have at most 15 plain characters") {
  CHECK(is_interface_name("ikada0"));
  CHECK(is_interface_name("vk0123456789abc"));
  for (const char* bad : {"", ".", "..", "a/b", "a b", "a\"", "-a", "a;b", "vk0123456789abcd"}) {
    CAPTURE(bad);
    CHECK(!is_interface_name(bad));
  }
}

}  // namespace
}  // namespace ikada
