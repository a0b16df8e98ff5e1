// Who we are to registries, kept as docker keeps it: config.json with "auths", so that other tools
// read the same file.
//
// The file is $DOCKER_CONFIG/config.json or ~/.docker/config.json, 0600; what else stands in it is
// kept. With "credsStore" or "credHelpers" in it, the secrets are in the keeping of a program
// docker-credential-NAME, which is asked instead.
//
// Source: docker-login(1), "Credential stores"; containers-auth.json(5).
#pragma once

#include <optional>
#include <string>

#include "runtime/base/result.h"

namespace ikada {

struct Credentials {
  std::string username;
  std::string password;
  std::string identity_token = {};  // OAuth 2 refresh token instead of a password; mostly empty.
};

// The file this process should use.
std::string default_credentials_path();

// nullopt if the file or an entry for `registry` is missing. "docker.io" also finds
// "https://index.docker.io/v1/". kInvalid if the file is not what docker writes; kUnavailable if
// the program that keeps the secrets is missing or fails.
Result<std::optional<Credentials>> find_credentials(const std::string& path,
                                                    const std::string& registry);

Result<void> save_credentials(const std::string& path,
                              const std::string& registry,
                              const Credentials& credentials);

// False if there was nothing to remove.
Result<bool> remove_credentials(const std::string& path, const std::string& registry);

}  // namespace ikada
