#include "cluster/engine/identity_files.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>

#include "runtime/base/text.h"

namespace ikada {
namespace {

bool is_host_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '_';
}

bool is_host_name(std::string_view name, size_t max_size) {
  if (name.empty() || name.size() > max_size) return false;
  for (const std::string_view label : split(name, '.')) {
    if (label.empty() || label.size() > 63 || label.front() == '-' || label.back() == '-') {
      return false;
    }
    if (!std::all_of(label.begin(), label.end(), is_host_character)) return false;
  }
  return true;
}

bool is_address(const std::string& text) {
  std::array<unsigned char, sizeof(in6_addr)> bytes{};
  return ::inet_pton(AF_INET, text.c_str(), bytes.data()) == 1 ||
         ::inet_pton(AF_INET6, text.c_str(), bytes.data()) == 1;
}

struct ExtraHost {
  std::string name;
  std::string address;
};

Result<ExtraHost> parse_extra_host(std::string_view text) {
  // docker takes "name:address" and "name=address".
  const size_t separator = text.find_first_of(":=");
  ExtraHost host;
  if (separator != std::string_view::npos) {
    host.name = text.substr(0, separator);
    host.address = text.substr(separator + 1);
  }
  if (host.address.size() > 2 && host.address.front() == '[' && host.address.back() == ']') {
    host.address = host.address.substr(1, host.address.size() - 2);
  }
  const bool good =
      is_host_name(host.name, 253) && (host.address == "host-gateway" || is_address(host.address));
  if (!good) return make_error(ErrorKind::kInvalid, "bad format for add-host: \"{}\"", text);
  return host;
}

}  // namespace

Result<void> check_hostname(std::string_view hostname) {
  if (is_host_name(hostname, 63)) return {};
  return make_error(ErrorKind::kInvalid, "invalid hostname: \"{}\"", hostname);
}

Result<void> check_extra_host(std::string_view extra_host) {
  IK_LET(host, parse_extra_host(extra_host));
  static_cast<void>(host);
  return {};
}

Result<std::string> plan_hosts(const HostsWish& wish) {
  std::string text =
      "127.0.0.1\tlocalhost\n"
      "::1\tlocalhost ip6-localhost ip6-loopback\n"
      "fe00::\tip6-localnet\n"
      "ff00::\tip6-mcastprefix\n"
      "ff02::1\tip6-allnodes\n"
      "ff02::2\tip6-allrouters\n";
  for (const std::string& each : wish.extra_hosts) {
    IK_LET(host, parse_extra_host(each));
    if (host.address == "host-gateway") {
      if (wish.gateway.empty()) {
        return make_error(ErrorKind::kInvalid, "--add-host: host-gateway needs a bridge network");
      }
      host.address = wish.gateway;
    }
    text += fmt::format("{}\t{}\n", host.address, host.name);
  }
  if (!wish.address.empty()) {
    text += wish.address + '\t';
    if (!wish.domainname.empty()) text += fmt::format("{}.{} ", wish.hostname, wish.domainname);
    text += wish.hostname + '\n';
  }
  return text;
}

}  // namespace ikada
