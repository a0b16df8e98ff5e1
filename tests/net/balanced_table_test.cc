#include "net/balanced_table.h"

#include <doctest/doctest.h>

#include "tests/golden_file.h"

namespace ikada {
namespace {

TEST_CASE("the table has a chain for each target and a rule for each listener") {
  const BalancedTable table = {
      .pool = parse_ipv4_subnet("10.120.0.0/16").value(),
      .hosts = {0xc0000203, 0xc0000204},
      .owned = {0xc0000263},
      .address = 0xc0000203,
      .listeners = {
          {.port = 80,
           .targets = {{.address = 0x0a580005, .port = 8080},
                       {.address = 0x0a780401, .port = 32768},
                       {.address = 0xc6336407, .port = 80, .hides_client = true}}},
          {.address = 0xc0000263, .port = 53, .is_udp = true, .targets = {{0x0a780309, 53}}},
          {.port = 25,
           .is_by_source = true,
           .targets = {{.address = 0x0a780309, .port = 25}, {.port = 26}}},
          {.port = 81}}};

  check_golden("net/balanced_table.nft", plan_balanced_table(table));
}

TEST_CASE("a table without a network of tasks hides no clients by their network") {
  const std::string text = plan_balanced_table({.listeners = {}});

  CHECK(text.find("elements") == std::string::npos);
  CHECK(text.find("10.120") == std::string::npos);
}

}  // namespace
}  // namespace ikada
