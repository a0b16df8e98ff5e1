#include "net/ipv4.h"

#include <net/if.h>

#include "runtime/base/number.h"
#include "runtime/base/text.h"

namespace ikada {

Result<std::uint32_t> parse_ipv4(std::string_view text) {
  const auto parts = split(text, '.');
  const Error bad = make_error(ErrorKind::kInvalid, "not an IPv4 address: '{}'", text);
  if (parts.size() != 4) return bad;
  std::uint32_t address = 0;
  for (const std::string_view part : parts) {
    // A leading zero means octal to some readers: refuse what two readers understand differently.
    if (part.size() > 1 && part.front() == '0') return bad;
    const auto number = parse_unsigned(part, 255);
    if (!number) return bad;
    address = address << 8 | static_cast<std::uint32_t>(*number);
  }
  return address;
}

std::string format_ipv4(std::uint32_t address) {
  return fmt::format(
      "{}.{}.{}.{}", address >> 24, (address >> 16) & 0xff, (address >> 8) & 0xff, address & 0xff);
}

Result<Ipv4Subnet> parse_ipv4_subnet(std::string_view text) {
  const Cut parts = cut(text, '/');
  const Error bad = make_error(
      ErrorKind::kInvalid, "not an IPv4 subnet between /8 and /29 without host bits: '{}'", text);
  const auto network = parse_ipv4(parts.before);
  const auto prefix_length = parse_unsigned(parts.after, 29);
  if (!network || !prefix_length || *prefix_length < 8) return bad;
  const Ipv4Subnet subnet{.network = *network,
                          .prefix_length = static_cast<unsigned>(*prefix_length)};
  if ((subnet.network & (UINT32_MAX >> subnet.prefix_length)) != 0) return bad;
  return subnet;
}

MacAddress mac_of(std::uint32_t address) {
  return {0x02,
          0x42,
          static_cast<std::uint8_t>(address >> 24),
          static_cast<std::uint8_t>(address >> 16),
          static_cast<std::uint8_t>(address >> 8),
          static_cast<std::uint8_t>(address)};
}

std::string format_mac(const MacAddress& mac) {
  return fmt::format(
      "{:02x}:{:02x}:{:02x}:{:02x}:{:02x}:{:02x}", mac[0], mac[1], mac[2], mac[3], mac[4], mac[5]);
}

Result<MacAddress> parse_mac(std::string_view text) {
  const auto digit = [](char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
  };
  const Error bad = make_error(ErrorKind::kInvalid, "not a MAC address: '{}'", text);
  MacAddress mac{};
  if (text.size() != mac.size() * 3 - 1) return bad;
  for (size_t i = 0; i < mac.size(); ++i) {
    const int high = digit(text[i * 3]);
    const int low = digit(text[i * 3 + 1]);
    if (high < 0 || low < 0) return bad;
    if (i + 1 < mac.size() && text[i * 3 + 2] != ':') return bad;
    mac[i] = static_cast<std::uint8_t>(high << 4 | low);
  }
  return mac;
}

bool is_interface_name(std::string_view name) {
  if (name.empty() || name.size() >= IFNAMSIZ || name == "." || name == "..") return false;
  if (name.front() == '-') return false;
  for (const char c : name) {
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    const bool digit = c >= '0' && c <= '9';
    if (!letter && !digit && c != '_' && c != '-' && c != '.') return false;
  }
  return true;
}

}  // namespace ikada
