#include "cluster/model/task_size.h"

#include <doctest/doctest.h>

namespace ikada {
namespace {

TEST_CASE("cpu is units or vCPUs") {
  CHECK(*parse_task_cpu("256") == 256);
  CHECK(*parse_task_cpu("1 vCPU") == 1024);
  CHECK(*parse_task_cpu(".25vcpu") == 256);
  CHECK(*parse_task_cpu("2.5 VCPU") == 2560);
  CHECK(*parse_task_cpu(" 512 ") == 512);
  for (const char* text :
       {"", "x", "127", "-1", "vcpu", "0.0001 vcpu", "1 GB", "1e3", "300000", "."}) {
    CAPTURE(text);
    const Result<std::int64_t> cpu = parse_task_cpu(text);
    REQUIRE_FALSE(cpu);
    CHECK(cpu.error().code == "ClientException");
  }
}

TEST_CASE("memory is MiB or GB") {
  CHECK(*parse_task_memory("512") == 512);
  CHECK(*parse_task_memory("1GB") == 1024);
  CHECK(*parse_task_memory("0.5 gb") == 512);
  CHECK(*parse_task_memory("30 GB") == 30720);
  for (const char* text : {"", "5", "1 MB", "1 vCPU", "99999999999999999999"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_task_memory(text));
  }
}

TEST_CASE("Fargate knows pairs of both") {
  CHECK(is_fargate_size(256, 512));
  CHECK(is_fargate_size(256, 2048));
  CHECK_FALSE(is_fargate_size(256, 3072));
  CHECK_FALSE(is_fargate_size(256, 600));
  CHECK(is_fargate_size(1024, 8192));
  CHECK_FALSE(is_fargate_size(1024, 1024));
  CHECK(is_fargate_size(16384, 122880));
  CHECK_FALSE(is_fargate_size(8192, 17408));
  CHECK_FALSE(is_fargate_size(300, 512));
}

}  // namespace
}  // namespace ikada
