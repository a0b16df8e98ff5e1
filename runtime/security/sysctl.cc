#include "runtime/security/sysctl.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "runtime/base/text.h"

namespace ikada {
namespace {

constexpr size_t kMaxNameBytes = 256;
constexpr size_t kMaxValueBytes = 4096;

constexpr std::array<std::string_view, 8> kIpcNames = {
    "kernel/msgmax",
    "kernel/msgmnb",
    "kernel/msgmni",
    "kernel/sem",
    "kernel/shmall",
    "kernel/shmmax",
    "kernel/shmmni",
    "kernel/shm_rmid_forced",
};

bool is_name_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
         c == '-';
}

// "net.ipv4.conf.eth0/1.forwarding" or "net/ipv4/ip_forward" → with slashes. As in sysctl(8), the
// separator that comes first separates, and the other one stands for itself swapped.
// An empty text is a name outside the grammar.
std::string path_of(std::string_view name) {
  if (name.size() > kMaxNameBytes) return {};
  const size_t separator = name.find_first_of("./");
  if (separator == std::string_view::npos) return {};
  const bool dotted = name[separator] == '.';
  std::string path;
  for (const char c : name) {
    if (c == '.') {
      path += dotted ? '/' : '.';
    } else if (c == '/') {
      path += dotted ? '.' : '/';
    } else if (is_name_character(c)) {
      path += c;
    } else {
      return {};
    }
  }
  for (const std::string_view part : split(path, '/')) {
    if (part.empty() || part == "." || part == "..") return {};
  }
  return path;
}

// One line of words; '+', '=' and the like separate settings in formats that other programs know.
bool is_value(std::string_view value) {
  if (value.empty() || value.size() > kMaxValueBytes) return false;
  return std::all_of(value.begin(), value.end(), [](char c) {
    return is_name_character(c) || c == ' ' || c == '\t' || c == '.' || c == ',' || c == ':';
  });
}

// Which namespace the sysctl belongs to, and whether the container has its own.
Result<void> check_allowed(std::string_view name, std::string_view path, const OwnNamespaces& own) {
  std::string_view needed;
  bool have = false;
  if (path.starts_with("net/")) {
    needed = "network";
    have = own.network;
  } else if (path.starts_with("fs/mqueue/") ||
             std::find(kIpcNames.begin(), kIpcNames.end(), path) != kIpcNames.end()) {
    needed = "ipc";
    have = own.ipc;
  } else if (path == "kernel/hostname" || path == "kernel/domainname") {
    needed = "uts";
    have = own.uts;
  } else {
    return make_error(
        ErrorKind::kDenied, "sysctl {}: not allowed, it does not belong to a namespace", name);
  }
  if (!have) {
    return make_error(
        ErrorKind::kDenied, "sysctl {}: not allowed without its own {} namespace", name, needed);
  }
  return {};
}

}  // namespace

Result<std::vector<SysctlWrite>> plan_sysctls(const std::map<std::string, std::string>& sysctls,
                                              const OwnNamespaces& own) {
  std::vector<SysctlWrite> writes;
  for (const auto& [name, value] : sysctls) {
    std::string path = path_of(name);
    if (path.empty()) return make_error(ErrorKind::kInvalid, "sysctl: not a name: {:?}", name);
    IK_TRY(check_allowed(name, path, own));
    if (!is_value(value)) {
      return make_error(ErrorKind::kInvalid, "sysctl {}: not a value: {:?}", name, value);
    }
    writes.push_back({std::move(path), value});
  }
  return writes;
}

}  // namespace ikada
