#include "cluster/api/elb/address_pool.h"

#include "net/ipv4.h"
#include "runtime/base/number.h"
#include "runtime/base/text.h"

namespace ikada::elb {

Result<AddressRange> parse_address_range(std::string_view text) {
  constexpr std::uint64_t kLongestPrefix = 32;
  constexpr std::uint64_t kShortestPrefix = 16;
  constexpr std::uint32_t kMostAddresses = 65536;
  const auto wrong = [&] {
    return make_error(ErrorKind::kInvalid,
                      "\"{}\" is no range of IPv4 addresses: expected 192.0.2.16/28, "
                      "192.0.2.40-192.0.2.47 or 192.0.2.7",
                      text);
  };
  const Cut network = cut(text, '/');
  if (network.found) {
    const Result<std::uint32_t> first = parse_ipv4(network.before);
    const Result<std::uint64_t> prefix = parse_unsigned(network.after, kLongestPrefix);
    if (!first.has_value() || !prefix.has_value() || *prefix < kShortestPrefix) return wrong();
    const auto rest = static_cast<std::uint32_t>(UINT64_C(0xffffffff) >> *prefix);
    if ((*first & rest) != 0) return wrong();
    return AddressRange{.first = *first, .last = *first | rest};
  }
  const Cut ends = cut(text, '-');
  const Result<std::uint32_t> first = parse_ipv4(ends.before);
  const Result<std::uint32_t> last = ends.found ? parse_ipv4(ends.after) : first;
  if (!first.has_value() || !last.has_value() || *last < *first) return wrong();
  if (*last - *first >= kMostAddresses) return wrong();
  return AddressRange{.first = *first, .last = *last};
}

std::vector<AddressRange> without(const std::vector<AddressRange>& pool,
                                  const std::set<std::uint32_t>& addresses) {
  std::vector<AddressRange> rest;
  for (const AddressRange& range : pool) {
    std::uint64_t first = range.first;
    for (auto it = addresses.lower_bound(range.first); it != addresses.end() && *it <= range.last;
         ++it) {
      if (first < *it) rest.push_back({static_cast<std::uint32_t>(first), *it - 1});
      first = std::uint64_t{*it} + 1;
    }
    if (first <= range.last) rest.push_back({static_cast<std::uint32_t>(first), range.last});
  }
  return rest;
}

std::string find_free_address(const std::vector<AddressRange>& pool,
                              const std::set<std::string>& taken) {
  for (const AddressRange& range : pool) {
    for (std::uint64_t number = range.first; number <= range.last; ++number) {
      std::string text = format_ipv4(static_cast<std::uint32_t>(number));
      if (!taken.contains(text)) return text;
    }
  }
  return "";
}

}  // namespace ikada::elb
