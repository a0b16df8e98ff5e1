#include "net/overlay_filter.h"

#include <doctest/doctest.h>

#include "tests/golden_file.h"

namespace ikada {
namespace {

const TaskSource kTask = {.host_interface = "vk0123456789", .address = 0x0a780305};

TEST_CASE("the tables have the rules, the other hosts and the tasks") {
  const OverlayConfig config = {
      .pool = parse_ipv4_subnet("10.120.0.0/16").value(),
      .subnet = parse_ipv4_subnet("10.120.3.0/24").value(),
      .address = 0xc0000203,
      .vni = 7440,
      .port = 4789,
      .peers = {{.address = 0xc0000207, .subnet = parse_ipv4_subnet("10.120.4.0/24").value()}}};

  check_golden("net/task_tables.nft", plan_task_tables(config, std::span(&kTask, 1)));
}

TEST_CASE("a task is an element of two sets") {
  CHECK(plan_add_source(kTask) ==
        "add element bridge ikada_tasks ports { \"vk0123456789\" }\n"
        "add element bridge ikada_tasks sources "
        "{ \"vk0123456789\" . 02:42:0a:78:03:05 . 10.120.3.5 }\n");
  CHECK(plan_delete_source(kTask).find("delete element bridge ikada_tasks ports") == 0);
}

TEST_CASE("a host is one element") {
  const std::vector<std::uint32_t> removed = {0xc0000207};
  const std::vector<std::uint32_t> added = {0xc0000208};

  CHECK(plan_peer_changes(removed, added) ==
        "delete element ip ikada_tasks peers { 192.0.2.7 }\n"
        "add element ip ikada_tasks peers { 192.0.2.8 }\n");
}

}  // namespace
}  // namespace ikada
