// What somebody shows the registry instead of a signature: a sealed text that says who it was given
// to, until when. Nothing is stored; any manager with the cluster's keys opens it.
#pragma once

#include <string>
#include <string_view>

#include "cluster/api/vault.h"
#include "cluster/model/timestamp.h"

namespace ikada::ecr {

struct RegistryToken {
  std::string principal = {};  // "arn:aws:iam::ACCOUNT:root"
  Timestamp expires_at = {};
  std::string layer = {};  // "REPOSITORY@DIGEST": good for that alone; empty: for all.
};

Result<std::string> seal_token(const Vault& vault, const RegistryToken& token);

// kDenied for what is no token of ours, or is over.
Result<RegistryToken> open_token(const Vault& vault, std::string_view text, Timestamp now);

}  // namespace ikada::ecr
