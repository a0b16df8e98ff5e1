// Who we are to registries, kept as docker keeps it: config.json with "auths", so that other tools
// read the same file.
//
// The file is $DOCKER_CONFIG/config.json or ~/.docker/config.json, 0600.
//
// Source: docker-login(1); containers-auth.json(5).
#pragma once

#include <optional>
#include <string>

#include "runtime/base/result.h"

namespace ikada {

struct Credentials {
  std::string username;
  std::string password;
};

// The file this process should use.
std::string default_credentials_path();

// nullopt if the file or an entry for `registry` is missing. "docker.io" also finds
// "https://index.docker.io/v1/".
Result<std::optional<Credentials>> find_credentials(const std::string& path,
                                                    const std::string& registry);

Result<void> save_credentials(const std::string& path,
                              const std::string& registry,
                              const Credentials& credentials);

// False if there was nothing to remove.
Result<bool> remove_credentials(const std::string& path, const std::string& registry);

// Asks the registry whether it accepts them: GET /v2/ with its challenge answered. kDenied if not.
Result<void> check_credentials(const std::string& registry, const Credentials& credentials);

}  // namespace ikada
