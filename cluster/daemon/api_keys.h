// The access key that a cluster begins with: made when its manager first starts, kept in
// STATE/cluster/access_key.json (0600) for root's clients, and accepted by the API.
//
//   {"accessKeyId": "AKIA…", "secretAccessKey": "…", "principal": "arn:aws:iam::…:root"}
#pragma once

#include <string>

#include "cluster/auth/access_key.h"

namespace ikada {

// Reads the key, or makes one and stores it. kInvalid for a file that is no such key.
Result<auth::AccessKey> load_or_create_access_key(const std::string& path,
                                                  const std::string& account);

}  // namespace ikada
