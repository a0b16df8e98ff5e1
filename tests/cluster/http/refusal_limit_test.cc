#include "cluster/http/refusal_limit.h"

#include <doctest/doctest.h>

namespace ikada {
namespace {

using std::chrono::seconds;

// How many of `count` refusals at that time are not too many.
int let_through(RefusalLimit& limit,
                const std::string& address,
                RefusalLimit::Time now,
                int count) {
  int passed = 0;
  for (int i = 0; i < count; ++i) passed += limit.is_too_many(address, now) ? 0 : 1;
  return passed;
}

}  // namespace

TEST_CASE("an address may be refused in a burst, then once a second") {
  RefusalLimit limit;
  const RefusalLimit::Time start{seconds(1000)};
  CHECK(let_through(limit, "192.0.2.1", start, 100) == 20);
  CHECK(let_through(limit, "192.0.2.2", start, 100) == 20);
  CHECK(let_through(limit, "192.0.2.1", start + seconds(5), 100) == 5);
  CHECK(let_through(limit, "192.0.2.1", start + seconds(500), 100) == 20);
}

TEST_CASE("addresses of one IPv6 network are one") {
  RefusalLimit limit;
  const RefusalLimit::Time start{seconds(1000)};
  CHECK(let_through(limit, "2001:db8::1", start, 15) == 15);
  CHECK(let_through(limit, "2001:db8::2", start, 15) == 5);
  CHECK(let_through(limit, "2001:db8:0:1::2", start, 15) == 15);
}

TEST_CASE("many addresses take no more memory than some") {
  RefusalLimit limit;
  const RefusalLimit::Time start{seconds(1000)};
  CHECK(let_through(limit, "worst", start, 20) == 20);
  for (int i = 0; i < 10'000; ++i) limit.is_too_many(std::to_string(i), start);
  CHECK(limit.is_too_many("worst", start));
}

}  // namespace ikada
