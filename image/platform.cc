#include "image/platform.h"

#include <sys/utsname.h>

#include <algorithm>
#include <array>
#include <utility>

#include "runtime/base/text.h"

namespace ikada {
namespace {

constexpr size_t kMaxPlatformBytes = 100;

// What uname(2), Debian and people say, and Go's word for it.
constexpr std::array<std::pair<std::string_view, std::string_view>, 8> kArchitectureAliases = {{
    {"x86_64", "amd64"},
    {"x86-64", "amd64"},
    {"aarch64", "arm64"},
    {"armhf", "arm"},
    {"armv7l", "arm"},
    {"i386", "386"},
    {"i686", "386"},
    {"loongarch64", "loong64"},
}};

constexpr std::array<std::string_view, 13> kArchitectures = {"386",
                                                             "amd64",
                                                             "arm",
                                                             "arm64",
                                                             "loong64",
                                                             "mips64",
                                                             "mips64le",
                                                             "ppc64",
                                                             "ppc64le",
                                                             "riscv64",
                                                             "s390x",
                                                             "wasm",
                                                             "sparc64"};

std::string architecture_name(std::string_view word) {
  for (const auto& [alias, name] : kArchitectureAliases) {
    if (word == alias) return std::string(name);
  }
  return std::string(word);
}

bool is_platform_word(std::string_view word) {
  const auto is_alphanumeric = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
  };
  return !word.empty() && is_alphanumeric(word.front()) && std::ranges::all_of(word, [&](char c) {
    return is_alphanumeric(c) || c == '_' || c == '.' || c == '-';
  });
}

// 7 for "v7"; 0 for anything else.
int arm_version(std::string_view variant) {
  const bool known =
      variant.size() == 2 && variant[0] == 'v' && variant[1] >= '5' && variant[1] <= '8';
  return known ? variant[1] - '0' : 0;
}

}  // namespace

std::string Platform::text() const {
  return os + "/" + architecture + (variant.empty() ? "" : "/" + variant);
}

Platform normalize_platform(const Platform& platform) {
  Platform normal{.os = lower_case(platform.os),
                  .architecture = architecture_name(lower_case(platform.architecture)),
                  .variant = lower_case(platform.variant)};
  if (normal.architecture == "arm64" && (normal.variant == "v8" || normal.variant == "8")) {
    normal.variant.clear();
  }
  if (normal.architecture == "arm") {
    if (normal.variant.empty()) normal.variant = "v7";
    if (normal.variant.size() == 1) normal.variant.insert(0, "v");
  }
  if (normal.architecture == "amd64" && normal.variant == "v1") normal.variant.clear();
  return normal;
}

Platform host_platform() {
  utsname name{};
  ::uname(&name);
  return normalize_platform({.os = "linux", .architecture = name.machine, .variant = ""});
}

Result<Platform> parse_platform(std::string_view text) {
  const std::string lower = lower_case(text);
  const std::vector<std::string_view> parts = split(lower, '/');
  if (text.size() > kMaxPlatformBytes || parts.size() > 3 ||
      !std::ranges::all_of(parts, is_platform_word)) {
    return make_error(ErrorKind::kInvalid,
                      "invalid platform '{}': expected OS/ARCHITECTURE[/VARIANT]",
                      text.substr(0, kMaxPlatformBytes));
  }
  Platform platform = host_platform();
  if (parts.size() == 1) {
    const std::string architecture = architecture_name(parts[0]);
    if (std::ranges::find(kArchitectures, architecture) == kArchitectures.end()) {
      platform.os = parts[0];
      return platform;
    }
    platform.architecture = architecture;
    platform.variant = parts[0] == "armhf" ? "v7" : "";
    return normalize_platform(platform);
  }
  platform = {.os = std::string(parts[0]),
              .architecture = std::string(parts[1]),
              .variant = parts.size() == 3 ? std::string(parts[2]) : std::string()};
  return normalize_platform(platform);
}

std::optional<int> platform_distance(const Platform& wanted, const Platform& offered) {
  if (wanted.os != offered.os || wanted.architecture != offered.architecture) return std::nullopt;
  if (wanted.variant == offered.variant) return 0;
  if (wanted.architecture == "arm") {
    const int have = arm_version(offered.variant);
    const int want = arm_version(wanted.variant);
    if (have == 0 || want == 0 || have > want) return std::nullopt;
    return want - have;
  }
  // A variant names a newer level of the same architecture ("amd64/v3"): older ones run on it.
  if (offered.variant.empty()) return 1;
  return std::nullopt;
}

}  // namespace ikada
