// Repository policies: what others than the account's own key may do with one repository. Pure.
//
// Source: Amazon ECR User Guide, "Private repository policies"; IAM User Guide, "Policy evaluation
// logic": a statement that denies goes before any that allows.
#pragma once

#include <string>
#include <string_view>

#include "runtime/base/result.h"

namespace ikada::ecr {

enum class PolicyWord { kAllows, kDenies, kNothing };

// InvalidParameterException for what is no policy, and for conditions, which are not understood.
Result<void> check_repository_policy(const std::string& text);

// What it says of `principal` ("arn:aws:sts::ACCOUNT:assumed-role/ROLE/SESSION") and `action`
// ("ecr:PutImage"). A policy that cannot be read says nothing.
PolicyWord read_repository_policy(const std::string& text,
                                  std::string_view principal,
                                  std::string_view action);

}  // namespace ikada::ecr
