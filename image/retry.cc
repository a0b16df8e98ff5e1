#include "image/retry.h"

#include <algorithm>
#include <random>

#include "image/http_client.h"
#include "runtime/base/number.h"
#include "runtime/base/text.h"

namespace ikada {
namespace {

constexpr int kFirstDelayMs = 500;
constexpr int kLongestDelayMs = 60'000;
constexpr int kMaxDoublings = 6;

}  // namespace

bool is_worth_retrying(int status) {
  return status == 408 || status == 429 || status == 500 || status == 502 || status == 503 ||
         status == 504;
}

int retry_delay_ms(int attempt, std::string_view retry_after) {
  const auto asked_s = parse_unsigned(trim(retry_after));
  if (asked_s.has_value()) {
    return static_cast<int>(std::min<std::uint64_t>(*asked_s, kLongestDelayMs / 1000)) * 1000;
  }
  const int full = std::min(kLongestDelayMs, kFirstDelayMs << std::min(attempt, kMaxDoublings));
  std::random_device random;
  return std::uniform_int_distribution<int>(full / 2, full)(random);
}

bool is_break(const Error& error) { return error.code == kBroken || error.code == kSilent; }

}  // namespace ikada
