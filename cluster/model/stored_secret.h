// A secret of the cluster's own, as a record: its value is sealed.
//
// Containers name it by valueFrom. Forms of AWS are understood as well, so that task definitions
// need no change:
//
//   db-password
//   arn:aws:ssm:REGION:ACCOUNT:parameter/db-password
//   arn:aws:secretsmanager:REGION:ACCOUNT:secret:db-password-AbCdEf:password::   the member
//                                             "password" of a value that is an object of JSON
//
// Source: Amazon ECS API Reference, Secret; Developer Guide, "Pass Secrets Manager secrets".
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "cluster/model/json_fields.h"
#include "cluster/model/timestamp.h"
#include "runtime/base/result.h"

namespace ikada {

struct StoredSecret {
  std::string name = {};
  std::string sealed = {};  // cluster/api/vault.h, under sealed_name_of(name).
  Timestamp created_at = {};
  Timestamp changed_at = {};
  std::int64_t version = 1;
};
void describe(JsonFields& fields, StoredSecret& secret);

inline constexpr size_t kMaxSecretBytes = 65536;

// 1–255 letters, digits and "/_.-", as names of parameters.
bool is_secret_name(std::string_view name);

// The name in its record's key and in the state, where there is no '/'.
std::string secret_record_name(std::string_view name);

std::string sealed_name_of(std::string_view name);

struct SecretReference {
  std::vector<std::string> names = {};  // To be tried in this order.
  std::string member = {};              // Of the value; empty: all of it.
};

// kInvalid for what names none.
Result<SecretReference> parse_secret_reference(const std::string& value_from);

// The value, or that member of it; kInvalid if there is none.
Result<std::string> select_secret(std::string value, const SecretReference& reference);

}  // namespace ikada
