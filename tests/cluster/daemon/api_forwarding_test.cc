#include "cluster/daemon/api_forwarding.h"

#include <doctest/doctest.h>

namespace ikada {

TEST_CASE("a call is made again if it reads, or asks for a state") {
  CHECK(is_repeatable("AmazonEC2ContainerServiceV20141113.DescribeTasks"));
  CHECK(is_repeatable("AmazonEC2ContainerServiceV20141113.ListTasks"));
  CHECK(is_repeatable("AmazonEC2ContainerRegistry_V20150921.BatchGetImage"));
  CHECK(is_repeatable("AmazonEC2ContainerServiceV20141113.UpdateContainerInstancesState"));
  CHECK(is_repeatable("DescribeLoadBalancers"));
  CHECK_FALSE(is_repeatable("AmazonEC2ContainerServiceV20141113.RunTask"));
  CHECK_FALSE(is_repeatable("AmazonEC2ContainerServiceV20141113.CreateCluster"));
  CHECK_FALSE(is_repeatable("Logs_20140328.PutLogEvents"));
}

}  // namespace ikada
