#include "image/registry/byte_range.h"

#include <algorithm>

#include "image/registry/failure.h"
#include "runtime/base/number.h"
#include "runtime/base/text.h"

namespace ikada::registry {
namespace {

constexpr std::string_view kUnit = "bytes=";
constexpr size_t kShownRangeLength = 60;
// Below 2^63, so that a sum of two cannot wrap.
constexpr std::uint64_t kMaxPosition = UINT64_MAX / 2 - 1;

Error nothing_there(std::string_view header, std::uint64_t total) {
  return api_error(
      kRangeInvalid, "range '{}' of {} bytes", header.substr(0, kShownRangeLength), total);
}

Error bad_content_range(std::string_view header) {
  return api_error(
      kRangeInvalid, "content-range '{}': expected START-END", header.substr(0, kShownRangeLength));
}

bool is_digits(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

// Digits that pass every number of ours mean "very far".
std::uint64_t saturated(std::string_view digits) {
  return parse_unsigned(digits, kMaxPosition).value_or(kMaxPosition);
}

}  // namespace

Result<std::optional<ByteRange>> parse_range(std::string_view header, std::uint64_t total) {
  const std::optional<ByteRange> everything;
  if (!lower_case(header.substr(0, kUnit.size())).starts_with(kUnit)) return everything;
  const Cut ends = cut(trim(header.substr(kUnit.size())), '-');
  if (!ends.found) return everything;
  if (ends.before.empty()) {
    if (!is_digits(ends.after)) return everything;
    const std::uint64_t count = std::min(saturated(ends.after), total);
    if (count == 0) return nothing_there(header, total);
    return std::optional(ByteRange{total - count, count});
  }
  if (!is_digits(ends.before)) return everything;
  if (!ends.after.empty() && !is_digits(ends.after)) return everything;
  const std::uint64_t first = saturated(ends.before);
  const std::uint64_t last = ends.after.empty() ? kMaxPosition : saturated(ends.after);
  if (last < first) return everything;
  if (first >= total) return nothing_there(header, total);
  return std::optional(ByteRange{first, std::min(last, total - 1) - first + 1});
}

Result<ByteRange> parse_content_range(std::string_view header) {
  std::string_view text = trim(header);
  if (lower_case(text.substr(0, 6)) == "bytes ") {
    text = trim(text.substr(6));
    text = cut(text, '/').before;
  }
  const Cut ends = cut(text, '-');
  if (!ends.found) return bad_content_range(header);
  const Result<std::uint64_t> first = parse_unsigned(ends.before, kMaxPosition);
  const Result<std::uint64_t> last = parse_unsigned(ends.after, kMaxPosition);
  if (!first.has_value() || !last.has_value() || *last < *first) return bad_content_range(header);
  return ByteRange{*first, *last - *first + 1};
}

}  // namespace ikada::registry
