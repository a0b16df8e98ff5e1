#include "runtime/security/sysctl.h"

#include <doctest/doctest.h>

namespace ikada {
namespace {

constexpr OwnNamespaces kAll = {.network = true, .ipc = true, .uts = true};

std::string error_of(const std::string& name,
                     const std::string& value = "1",
                     const OwnNamespaces& own = kAll) {
  const auto plan = plan_sysctls({{name, value}}, own);
  return plan ? "" : plan.error().message;
}

TEST_CASE("sysctls of the container's own namespaces are planned") {
  const auto plan = plan_sysctls({{"net.ipv4.ip_forward", "1"},
                                  {"net.ipv4.conf.eth0/1.forwarding", "0"},
                                  {"net/ipv4/ping_group_range", "0\t2147483647"},
                                  {"kernel.shm_rmid_forced", "1"},
                                  {"fs.mqueue.msg_max", "10"},
                                  {"kernel.domainname", "example.org"}},
                                 kAll);
  REQUIRE(plan.has_value());
  std::vector<std::string> paths;
  for (const SysctlWrite& write : *plan) paths.push_back(write.path);
  CHECK(paths == std::vector<std::string>{"fs/mqueue/msg_max",
                                          "kernel/domainname",
                                          "kernel/shm_rmid_forced",
                                          "net/ipv4/conf/eth0.1/forwarding",
                                          "net/ipv4/ip_forward",
                                          "net/ipv4/ping_group_range"});
}

TEST_CASE("sysctls of the host are refused") {
  CHECK(error_of("kernel.core_pattern") ==
        "sysctl kernel.core_pattern: not allowed, it does not belong to a namespace");
  for (const char* name : {"vm.swappiness",
                           "kernel.sysrq",
                           "fs.file-max",
                           "kernel.shmall2",
                           "kernel.msgmax.x",
                           "fs.mqueue",
                           "net",
                           "user.max_user_namespaces"}) {
    CAPTURE(name);
    CHECK(error_of(name) != "");
  }
}

TEST_CASE("a sysctl needs the namespace it belongs to") {
  CHECK(error_of("net.ipv4.ip_forward", "1", {.network = false, .ipc = true, .uts = true}) ==
        "sysctl net.ipv4.ip_forward: not allowed without its own network namespace");
  CHECK(error_of("kernel.sem", "1", {.network = true, .ipc = false, .uts = true}) ==
        "sysctl kernel.sem: not allowed without its own ipc namespace");
  CHECK(error_of("kernel.hostname", "a", {.network = true, .ipc = true, .uts = false}) != "");
}

TEST_CASE("R-20: a sysctl's name or value cannot smuggle another") {
  for (const char* name : {"net/../kernel/core_pattern",
                           "net.ipv4/../../kernel.core_pattern",
                           "net..ipv4",
                           ".net.ipv4",
                           "net.ipv4.",
                           "net.ipv4.ip_forward=1+kernel.core_pattern",
                           "net.ipv4 ip_forward",
                           "net.ipv4.ip_forward\n",
                           "../kernel/core_pattern",
                           "/net/ipv4/ip_forward",
                           "net//x",
                           ""}) {
    CAPTURE(name);
    CHECK(error_of(name) != "");
  }
  for (const char* value : {"", "1\n2", "1\r", "\x01", "\x80"}) {
    CAPTURE(value);
    CHECK(error_of("net.ipv4.ip_forward", value) != "");
  }
  CHECK(error_of("net.ipv4.ip_forward", std::string("1\0", 2)) != "");
  CHECK(error_of("net.ipv4.ip_forward", "1+kernel.core_pattern=|/bin/sh") != "");
}

}  // namespace
}  // namespace ikada
