#include "cluster/proxy/request_sums.h"

#include <doctest/doctest.h>

namespace ikada {
namespace {

std::map<std::string, SectionCounts> counted(std::int64_t requests, std::int64_t successes) {
  SectionCounts counts;
  counts.requests = requests;
  counts.responses[1] = successes;
  return {{"web", counts}};
}

}  // namespace

TEST_CASE("sums go on when a new worker counts from zero") {
  RequestSums sums;
  sums.add(counted(0, 0));
  sums.add(counted(10, 9));
  sums.add(counted(3, 2));
  sums.add(counted(5, 4));

  CHECK(sums.sums().at("web").requests == 15);
  CHECK(sums.sums().at("web").responses[1] == 13);
}

TEST_CASE("what was counted before is not ours") {
  RequestSums sums;
  sums.add(counted(100, 90));
  CHECK(sums.sums().at("web").requests == 0);

  sums.add(counted(101, 91));
  CHECK(sums.sums().at("web").requests == 1);
}

TEST_CASE("a group that is gone is forgotten") {
  RequestSums sums;
  sums.add(counted(0, 0));
  sums.add({});
  CHECK(sums.sums().empty());
}

}  // namespace ikada
