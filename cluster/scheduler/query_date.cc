#include "cluster/scheduler/query_date.h"

#include <string>

#include "runtime/base/clock.h"

namespace ikada::scheduler {
namespace {

constexpr size_t kDateLength = std::string_view("2018-06-18").size();
constexpr size_t kTimeLength = std::string_view("2018-06-18T22:28:28").size();
constexpr std::int64_t kNanosOfOneSecond = 1'000'000'000;

}  // namespace

Result<std::int64_t> parse_query_date(std::string_view text) {
  std::string whole(text);
  if (whole.size() == kDateLength) whole += "T00:00:00";
  if (whole.size() == kTimeLength) whole += "Z";
  const Result<UnixNanos> time = parse_rfc3339(whole);
  if (!time.has_value()) {
    return make_error(ErrorKind::kInvalid, "expected a date such as 2018-06-18T22:28:28Z");
  }
  std::int64_t seconds = *time / kNanosOfOneSecond;
  if (*time % kNanosOfOneSecond < 0) --seconds;
  return seconds;
}

}  // namespace ikada::scheduler
