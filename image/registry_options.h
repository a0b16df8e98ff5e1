// What to know of a registry before it is spoken to: how far it is trusted, and who we are to it.
//
// The administrator's part stands in registries.yaml, beside ikada's configuration file:
//
//   docker.io:
//     mirrors: [mirror.example.com, cache.example.com:5000/hub]   # Asked first when pulling.
//   registry.example.com:5000:
//     insecure: true                     # Plain http, or a certificate nobody vouches for.
//     auth_hosts: [login.example.com]    # May be given this registry's password, too.
//
// Without that file it is the section "registries" of the configuration file.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "image/credentials.h"
#include "runtime/base/result.h"

namespace ikada {

struct RegistryMirror;

struct RegistryOptions {
  // Registries ("host" or "host:port") that may be spoken to in plain http or with a certificate
  // nobody vouches for.
  std::vector<std::string> insecure_registries;
  // More hosts that may be given this registry's password by its token challenge.
  std::vector<std::string> auth_hosts;
  std::optional<Credentials> credentials;
  // Longest silence in the middle of an answer.
  int inactivity_limit_s = 30;
  // Is spoken to in plain http over this socket, whatever its name is. Empty: by its name.
  std::string unix_socket = {};
  // Where pulls look first, in this order; nothing else does.
  std::vector<RegistryMirror> mirrors;
};

// Has, below `prefix`, what the registry has: docker.io/library/nginx is REGISTRY/hub/library/nginx
// with the prefix "hub/".
struct RegistryMirror {
  std::string registry;
  std::string prefix;  // Empty, or ends with '/'.
  RegistryOptions options;
};

inline constexpr std::string_view kDefaultConfigPath = "/etc/ikada/config.yaml";

// From registries.yaml or the configuration file, which need not exist, and the credentials kept in
// docker's file; of the mirrors too. kInvalid if one of them cannot be understood.
Result<RegistryOptions> registry_options_for(
    const std::string& registry, const std::string& config_path = std::string(kDefaultConfigPath));

// Only what the map of registries says. Mirrors have no options yet.
Result<RegistryOptions> parse_registry_options(std::string_view yaml, const std::string& registry);

// The same of a configuration file, in whose section "registries" that map is.
Result<RegistryOptions> parse_registries_section(std::string_view yaml,
                                                 const std::string& registry);

}  // namespace ikada
