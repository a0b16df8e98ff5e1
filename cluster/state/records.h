// Records that are the cluster's own and no noun of the API: what a family counts, what a
// clientToken stands for, what an account has set.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "cluster/model/json_fields.h"

namespace ikada {

struct Family {
  std::int32_t last_revision = 0;  // Never given out again, also when its definition is deleted.
};
void describe(JsonFields& fields, Family& family);

// What was asked for with a clientToken, and what that has made.
struct RunToken {
  std::string request = {};             // The SHA-256 of what was asked for.
  std::vector<std::string> tasks = {};  // Of RunTask; CreateService's names none.
  Timestamp created_at = {};
};
void describe(JsonFields& fields, RunToken& token);

struct AccountSetting {
  std::string value = {};
};
void describe(JsonFields& fields, AccountSetting& setting);

}  // namespace ikada
