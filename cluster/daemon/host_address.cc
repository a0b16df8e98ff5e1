#include "cluster/daemon/host_address.h"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <memory>

#include <boost/asio/ip/address.hpp>

#include "runtime/base/unique_fd.h"

namespace ikada {
namespace {

using boost::asio::ip::address_v4;
using boost::asio::ip::address_v6;
using IpAddress = boost::asio::ip::address;

// Without the interface of a link-local one: others know it by another.
IpAddress address_of(const sockaddr& generic) {
  if (generic.sa_family == AF_INET) {
    return address_v4(ntohl(reinterpret_cast<const sockaddr_in&>(generic).sin_addr.s_addr));
  }
  address_v6::bytes_type bytes;
  const auto& v6 = reinterpret_cast<const sockaddr_in6&>(generic);
  std::copy_n(std::begin(v6.sin6_addr.s6_addr), bytes.size(), bytes.begin());
  return address_v6(bytes);
}

// Of all interfaces that are up, those of loopback too.
Result<std::vector<std::string>> find_own_addresses() {
  ifaddrs* first = nullptr;
  if (::getifaddrs(&first) != 0) return errno_error("getifaddrs");
  const std::unique_ptr<ifaddrs, decltype(&::freeifaddrs)> all(first, &::freeifaddrs);
  std::vector<std::string> addresses;
  for (const ifaddrs* each = first; each != nullptr; each = each->ifa_next) {
    if (each->ifa_addr == nullptr || (each->ifa_flags & IFF_UP) == 0) continue;
    const sa_family_t family = each->ifa_addr->sa_family;
    if (family != AF_INET && family != AF_INET6) continue;
    addresses.push_back(address_of(*each->ifa_addr).to_string());
  }
  return addresses;
}

}  // namespace

Result<std::string> advertised_address(const std::string& address,
                                       const std::vector<std::string>& own) {
  boost::system::error_code error;
  const IpAddress parsed = boost::asio::ip::make_address(address, error);
  if (error) return make_error(ErrorKind::kInvalid, "\"{}\" is no address", address);
  if (parsed.is_unspecified()) {
    return make_error(ErrorKind::kInvalid,
                      "{} stands for all addresses: say the one that other hosts reach this one by",
                      address);
  }
  if (parsed.is_loopback()) return parsed.to_string();
  std::string reachable;
  for (const std::string& each : own) {
    const IpAddress of_host = boost::asio::ip::make_address(each, error);
    if (error) continue;
    if (of_host == parsed) return parsed.to_string();
    const bool is_local = of_host.is_v6() && of_host.to_v6().is_link_local();
    if (of_host.is_loopback() || is_local) continue;
    reachable += (reachable.empty() ? "" : ", ") + each;
  }
  return make_error(ErrorKind::kInvalid,
                    "{} is no address of this host, which has {}",
                    address,
                    reachable.empty() ? "none but loopback" : reachable);
}

Result<std::string> advertised_address(const std::string& address) {
  if (address.empty()) return address;
  IK_LET(own, find_own_addresses());
  return advertised_address(address, own);
}

// Connecting a datagram socket only looks up the route.
std::string find_host_address() {
  const char* const nowhere = "127.0.0.1";
  const UniqueFd fd(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!fd) return nowhere;
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(9);
  ::inet_pton(AF_INET, "192.0.2.1", &address.sin_addr);  // RFC 5737: for documentation.
  auto* const generic = reinterpret_cast<sockaddr*>(&address);
  socklen_t size = sizeof address;
  if (::connect(fd.get(), generic, size) != 0 || ::getsockname(fd.get(), generic, &size) != 0) {
    return nowhere;
  }
  std::array<char, INET_ADDRSTRLEN> text{};
  ::inet_ntop(AF_INET, &address.sin_addr, text.data(), text.size());
  return text.data();
}

std::string find_host_name() {
  std::array<char, 256> name{};
  if (::gethostname(name.data(), name.size() - 1) != 0) return "localhost";
  return name.data();
}

}  // namespace ikada
