#include "net/nft_plan.h"

#include <vector>

#include <doctest/doctest.h>

#include "tests/golden_file.h"

namespace ikada {
namespace {

const PortElement kWeb = {.host_port = 8080, .container_ip = 0x0a580005, .container_port = 80};
const PortElement kDns = {.host_ip = 0x7f000001,
                          .udp = true,
                          .host_port = 53,
                          .container_ip = 0x0a580006,
                          .container_port = 5353};

TEST_CASE("the table has the rules, the bridges and the ports of living containers") {
  const std::vector<BridgeElement> bridges = {
      {.name = "ikada0", .subnet = parse_ipv4_subnet("10.88.0.0/16").value()},
      {.name = "other", .subnet = parse_ipv4_subnet("10.89.4.0/24").value()},
  };
  const std::vector<PortElement> ports = {kWeb, kDns};

  const std::string text = plan_nft_table(bridges, ports);

  check_golden("net/table.nft", text);
}

TEST_CASE("a table without bridges has empty sets") {
  const std::string text = plan_nft_table({}, {});

  CHECK(text.find("elements") == std::string::npos);
  CHECK(text.find("add element") == std::string::npos);
}

TEST_CASE("a port is one element, in the map of its kind") {
  const std::vector<PortElement> ports = {kWeb, kDns};

  CHECK(plan_nft_add_ports(ports) ==
        "add element ip ikada ports { tcp . 8080 : 10.88.0.5 . 80 }\n"
        "add element ip ikada address_ports { 127.0.0.1 . udp . 53 : 10.88.0.6 . 5353 }\n");
  CHECK(plan_nft_delete_ports(ports) ==
        "delete element ip ikada ports { tcp . 8080 : 10.88.0.5 . 80 }\n"
        "delete element ip ikada address_ports { 127.0.0.1 . udp . 53 : 10.88.0.6 . 5353 }\n");
}

}  // namespace
}  // namespace ikada
