// The programs docker-credential-NAME that keep secrets for docker's config.json.
//
// Source: docker-login(1), "Credential helper protocol".
#pragma once

#include <optional>
#include <string>

#include "image/credentials.h"
#include "runtime/base/result.h"

namespace ikada {

// nullopt if the program knows none. kUnavailable if it is not in $PATH or fails.
Result<std::optional<Credentials>> ask_credential_helper(const std::string& name,
                                                         const std::string& server);

Result<void> store_in_credential_helper(const std::string& name,
                                        const std::string& server,
                                        const Credentials& credentials);

// False if the program had none.
Result<bool> erase_in_credential_helper(const std::string& name, const std::string& server);

}  // namespace ikada
