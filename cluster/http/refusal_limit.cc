#include "cluster/http/refusal_limit.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>
#include <array>

namespace ikada {
namespace {

constexpr std::chrono::seconds kEachRefusal{1};
constexpr int kBurst = 20;
constexpr size_t kMaxNetworks = 4096;

std::string network_of(const std::string& address) {
  constexpr size_t kNetworkBytes = 8;
  in6_addr parsed{};
  if (::inet_pton(AF_INET6, address.c_str(), &parsed) != 1) return address;
  std::fill(std::begin(parsed.s6_addr) + kNetworkBytes, std::end(parsed.s6_addr), 0);
  std::array<char, INET6_ADDRSTRLEN> text{};
  return ::inet_ntop(AF_INET6, &parsed, text.data(), text.size()) == nullptr ? address
                                                                             : text.data();
}

}  // namespace

bool RefusalLimit::is_too_many(const std::string& address, Time now) {
  std::erase_if(settled_at_, [&](const auto& each) { return each.second <= now; });
  const std::string network = network_of(address);
  // So many at once: those who are worst are kept.
  if (settled_at_.size() >= kMaxNetworks && settled_at_.count(network) == 0) {
    settled_at_.erase(
        std::ranges::min_element(settled_at_, {}, [](const auto& each) { return each.second; }));
  }
  Time& settled = settled_at_.try_emplace(network, now).first->second;
  if (settled - now >= kBurst * kEachRefusal) return true;
  settled += kEachRefusal;
  return false;
}

}  // namespace ikada
