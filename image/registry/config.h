// The registry's configuration file, /etc/ikada/registry.yaml; ikada-registry.yaml(5) describes it.
//
// Pure: nothing that it names is opened here.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "image/registry/access.h"
#include "image/registry/garbage.h"
#include "image/registry/quota.h"
#include "runtime/base/result.h"

namespace ikada::registry {

inline constexpr std::string_view kDefaultRegistryConfigPath = "/etc/ikada/registry.yaml";

struct ImmutableTags {
  std::vector<std::string> repositories;  // Patterns (glob.h).
  std::vector<std::string> tags;          // Patterns.
};

struct RequestLimits {
  size_t connections = 512;
  std::uint64_t blob_bytes = std::uint64_t{100} << 30;
  std::chrono::seconds head_timeout{10};  // For a whole head.
  std::chrono::seconds idle_timeout{60};  // For a step of a body, or between two requests.
};

struct RegistryConfig {
  std::string address = "127.0.0.1:5000";
  std::string root;       // Empty: the caller's default.
  std::string url;        // "https://registry.example.com" as clients see it; empty: by Host.
  bool insecure = false;  // Plain http on other addresses than loopback.
  std::string tls_certificate;
  std::string tls_key;
  std::string password_file;  // Empty: no users.
  std::string realm = "ikada registry";
  std::string service = "ikada-registry";
  bool has_tokens = true;
  std::chrono::seconds token_lifetime{300};
  AccessPolicy access;
  std::vector<QuotaRule> quotas;
  std::vector<ImmutableTags> immutable_tags;
  GarbageOptions garbage;
  std::optional<std::chrono::seconds> garbage_interval;
  RequestLimits limits;
  bool logs_requests = true;
};

// kInvalid, naming the line or the key, for what cannot be understood; unknown keys are mistakes.
Result<RegistryConfig> parse_registry_config(std::string_view yaml);

// "90s", "5m", "12h", "7d".
Result<std::chrono::seconds> parse_duration(std::string_view text);

struct ListenAddress {
  std::string host;  // An IP address; empty for all of them.
  std::uint16_t port = 0;
};

// "127.0.0.1:5000", "[::]:5000", ":5000", "localhost:5000".
Result<ListenAddress> parse_listen_address(std::string_view text);

// Whether plain http may be spoken there without being asked for.
bool is_loopback(const ListenAddress& address);

bool is_immutable(const RegistryConfig& config, std::string_view repository, std::string_view tag);

}  // namespace ikada::registry
